/** What is done to the user-service when a chapter begins. */
export type Happening = 'nothing' | 'slow-and-failing' | 'killed' | 'restarted';

export interface Chapter {
  readonly title: string;
  readonly seconds: number;
  readonly happening: Happening;
  /** What to look for, in a line. */
  readonly watch: string;
}

/** How bad the brown-out is. */
export const brownOut = { latencyMs: 250, failureRatio: 0.5, seed: 7 } as const;

/** The same story, told in the given time: at least two seconds a chapter, or there would be nothing to see of it. */
export function chaptersOf(seconds: number): readonly Chapter[] {
  const usual = chapters.reduce((sum, chapter) => sum + chapter.seconds, 0);
  return chapters.map((chapter) => ({
    ...chapter,
    seconds: Math.max(2, Math.round((chapter.seconds * seconds) / usual)),
  }));
}

/** The story that `npm start` tells: about a minute. */
const chapters: readonly Chapter[] = [
  {
    title: 'healthy',
    seconds: 10,
    happening: 'nothing',
    watch: 'every answer is live, one attempt per call; a token is renewed every 20 s',
  },
  {
    title: 'slow and failing half the time',
    seconds: 14,
    happening: 'slow-and-failing',
    watch: 'retries win back most answers, and the budget keeps attempts per call near 1.3',
  },
  {
    title: 'killed with SIGKILL',
    seconds: 12,
    happening: 'killed',
    watch:
      'the circuit opens; orders go to users known seconds ago, others are refused politely; names are stale or made up',
  },
  {
    title: 'restarted',
    seconds: 12,
    happening: 'restarted',
    watch: 'a few probes find it well, the circuit closes, admission ramps up',
  },
  {
    title: 'healthy again',
    seconds: 10,
    happening: 'nothing',
    watch: 'as at the beginning',
  },
];
