import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Telemetry } from '../order-service/telemetry.ts';
import { chaptersOf } from './chapters.ts';
import type { Sightings } from './shopper.ts';
import { View } from './view.ts';

const seen: Sightings = {
  requests: 61,
  by: { live: 40, fresh: 9, stale: 4, 'made-up': 1, replayed: 2, refused: 3, declined: 1, failed: 1 },
  p50Ms: 4.25,
  p99Ms: 912.4,
};

function shown(terminal: boolean, breaker: 'closed' | 'open' = 'open'): string[] {
  let text = '';
  const view = new View({ write: (more) => (text += more), terminal });
  const [chapter] = chaptersOf(58);
  assert.ok(chapter !== undefined);
  view.chapter(chapter, 0);
  const tally = new Telemetry({ now: () => 0, wallNow: () => 0 } as never).report().totals;
  view.second({ at: 61, seen, client: { ...tally, second: 60, startedAt: '', breaker, calls: 50, attempts: 65 } });
  view.second({ at: 62, seen, client: undefined });
  return text.split('\n').filter((line) => line !== '');
}

test('shows a second in a line: what people saw, how long they waited, what the client did', () => {
  const [, , heading, second, silent] = shown(false);
  const cells = (line: string | undefined) => line?.trim().split(/\s{2,}|(?<=\d) (?=\d)/);
  assert.match(
    heading ?? '',
    /time asked +live +fresh +stale made-up +again refused +denied +failed p50 ms p99 ms +circuit/,
  );
  assert.deepEqual(cells(second), [
    '1:01',
    '61',
    '40',
    '9',
    '4',
    '1',
    '2',
    '3',
    '1',
    '1',
    '4.3',
    '912',
    '○ open',
    '50',
    '1.30',
  ]);
  assert.match(silent ?? '', /no report$/);
});

test('lines up its columns under their headings within 120 columns', () => {
  const [, , heading = '', second = ''] = shown(false);
  assert.ok(second.length <= 120, `${second.length} columns`);
  for (const [label, value] of [
    ['live', '40'],
    ['failed', '1'],
    ['p99 ms', '912'],
  ] as const) {
    const end = heading.indexOf(label) + label.length;
    assert.equal(second.slice(end - value.length, end), value, label);
  }
});

test('colours only a terminal, and never tells a state by colour alone', () => {
  assert.ok(!shown(false).join('').includes('\u001b'));
  const coloured = shown(true);
  assert.ok(coloured.join('').includes('\u001b'));
  assert.ok(coloured.some((line) => line.includes('○ open')));
});

test('tells the same story in any time, each chapter for two seconds at least', () => {
  assert.equal(
    chaptersOf(58).reduce((sum, chapter) => sum + chapter.seconds, 0),
    58,
  );
  assert.ok(chaptersOf(10).every((chapter) => chapter.seconds >= 2));
  assert.deepEqual(
    chaptersOf(20).map((chapter) => chapter.title),
    chaptersOf(58).map((chapter) => chapter.title),
  );
});
