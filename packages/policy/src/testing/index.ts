export { EventLog } from './event-log.ts';
export { type Choose, type ExploreLimits, explore } from './explore.ts';
export { ManualClock, settle } from './manual-clock.ts';
export { seededRandom } from './seeded-random.ts';
