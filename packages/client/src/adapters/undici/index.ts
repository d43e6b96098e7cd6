export {
  type RequestSettings,
  type Resilience,
  type ResilienceOptions,
  requestSettings,
  resilience,
  resilienceDefaults,
} from './resilience.ts';
