import type { ClientControls } from '../controls/client-controls.ts';
import { ClientRecorder, recordedEvents } from './client-recorder.ts';
import type { Meter } from './meter.ts';
import { defaultMaxNames, MetricNames } from './metric-names.ts';
import { readSnapshot } from './read-snapshot.ts';

/** A client as far as metrics are concerned. */
export type MeasuredClient = Pick<ClientControls, 'target' | 'on' | 'snapshot'>;

/**
 * Measures a client: what it says goes into counters and histograms, and how its policies stand is read when somebody
 * asks. No policy knows of it, and a client that nobody measures pays nothing.
 * @param names One for all clients that are measured with the same meter, so that together they stay few.
 * @param countsRequests Whether requests are measured as ones on the wire; asked for each. @default always
 * @returns Stops measuring. What has been counted stays.
 */
export function recordMetrics(
  client: MeasuredClient,
  meter: Meter,
  names: MetricNames = new MetricNames(defaultMaxNames),
  countsRequests: () => boolean = always,
): () => void {
  const recorder = new ClientRecorder(client.target, meter, names, countsRequests);
  const target = names.target.admit(client.target);
  const unsubscribe = client.on((event) => recorder.hear(event), recordedEvents);
  const unobserve = meter.observe((set) => readSnapshot(client.snapshot(), target, names, set));
  return () => {
    unsubscribe();
    unobserve();
  };
}

const always = (): boolean => true;
