export { type LogEventsOptions, logEvents, logEventsDefaults } from './log-events.ts';
export type { EventLogger } from './logger.ts';
