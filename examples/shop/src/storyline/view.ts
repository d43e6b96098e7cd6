import { styleText } from 'node:util';
import type { OpsReport, SecondReport } from '../order-service/telemetry.ts';
import type { Chapter } from './chapters.ts';
import type { Sight, Sightings } from './shopper.ts';

/** One second of the story, from both ends. */
export interface ViewSecond {
  /** Whole seconds since the story began. */
  readonly at: number;
  /** What the people saw. */
  readonly seen: Sightings;
  /** What the order-service's client did; undefined while the order-service does not answer. */
  readonly client: SecondReport | undefined;
}

/** Where a view writes, and what it may do there. */
export interface ViewOptions {
  readonly write: (text: string) => void;
  /** Colours and bars; without, plain lines for a log. */
  readonly terminal: boolean;
}

type Colour = Parameters<typeof styleText>[0];

const columns: readonly { readonly sight: Sight; readonly label: string; readonly colour: Colour }[] = [
  { sight: 'live', label: 'live', colour: 'green' },
  { sight: 'fresh', label: 'fresh', colour: 'green' },
  { sight: 'stale', label: 'stale', colour: 'yellow' },
  { sight: 'made-up', label: 'made-up', colour: 'yellow' },
  { sight: 'replayed', label: 'again', colour: 'green' },
  { sight: 'refused', label: 'refused', colour: 'magenta' },
  { sight: 'declined', label: 'denied', colour: 'gray' },
  { sight: 'failed', label: 'failed', colour: 'red' },
];

const columnWidth = 8;

const stateColour = { closed: 'green', 'half-open': 'yellow', open: 'red', isolated: 'magenta' } as const;
/** A mark beside the word, so that a state is not told by colour alone. */
const stateMark = { closed: '●', 'half-open': '◐', open: '○', isolated: '⊘' } as const;

/** Shows the story as it happens: a heading per chapter and a line per second. */
export class View {
  readonly #options: ViewOptions;

  constructor(options: ViewOptions) {
    this.#options = options;
  }

  line(text = ''): void {
    this.#options.write(`${text}\n`);
  }

  chapter(chapter: Chapter, at: number): void {
    this.line();
    this.line(this.#paint('bold', `${clockTime(at)}  user-service: ${chapter.title} (${chapter.seconds} s)`));
    this.line(this.#paint('dim', `       ${chapter.watch}`));
    const labels = columns.map(({ label }) => label.padStart(columnWidth)).join('');
    this.line(this.#paint('dim', ` time asked${labels} p50 ms p99 ms  circuit     calls  per call`));
  }

  second(second: ViewSecond): void {
    const { seen, client } = second;
    const counts = columns.map(({ sight, colour }) => {
      const count = seen.by[sight];
      const text = (count === 0 ? '·' : String(count)).padStart(columnWidth);
      return count === 0 ? this.#paint('dim', text) : this.#paint(colour, text);
    });
    const latency = `${milliseconds(seen.p50Ms)}${milliseconds(seen.p99Ms)}`;
    this.line(
      `${clockTime(second.at)}${String(seen.requests).padStart(6)}${counts.join('')}${latency}  ${this.#client(client)}`,
    );
  }

  #client(client: SecondReport | undefined): string {
    if (client === undefined) return 'no report';
    const state = `${stateMark[client.breaker]} ${client.breaker}`.padEnd(11);
    const perCall = client.calls === 0 ? '-' : (client.attempts / client.calls).toFixed(2);
    return `${this.#paint(stateColour[client.breaker], state)}${String(client.calls).padStart(6)}${perCall.padStart(10)}`;
  }

  #paint(colour: Colour, text: string): string {
    // `validateStream` off: whether this is a terminal has been decided by who made the view, NO_COLOR included.
    return this.#options.terminal ? styleText(colour, text, { validateStream: false }) : text;
  }
}

/** The sums of a story, in a few lines. */
export function summaryLines(total: Sightings, report: OpsReport, seconds: number): readonly string[] {
  const { totals } = report;
  const seen = columns.map(({ sight, label }) => `${total.by[sight]} ${label}`).join(' · ');
  const perCall = totals.calls === 0 ? '-' : (totals.attempts / totals.calls).toFixed(2);
  return [
    `${seconds} s, ${total.requests} requests: ${seen}`,
    `${totals.calls} calls to the user-service in ${totals.attempts} attempts (${perCall} per call, at most ${totals.mostAttempts}); ` +
      `the circuit opened ${totals.opened} times; ${totals.tokens.asked} tokens asked for`,
    `what the people waited: p50 ${milliseconds(total.p50Ms).trim()} ms, p99 ${milliseconds(total.p99Ms).trim()} ms`,
  ];
}

function clockTime(at: number): string {
  return `${String(Math.floor(at / 60)).padStart(2)}:${String(at % 60).padStart(2, '0')}`;
}

function milliseconds(ms: number | null): string {
  if (ms === null) return '-'.padStart(7);
  return (ms < 10 ? ms.toFixed(1) : ms.toFixed(0)).padStart(7);
}
