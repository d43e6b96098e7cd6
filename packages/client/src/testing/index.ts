export {
  type Cassette,
  cassetteVersion,
  type RecordedBody,
  type RecordedExchange,
} from './cassette.ts';
export { type Fault, FaultPlan, type FaultRule, latency, type Strike, sentThen, trickle } from './fault-plan.ts';
export { faultTransport } from './fault-transport.ts';
export { type ExpectedRequest, type MockHandler, type MockScript, on } from './mock-script.ts';
export { type MockTransport, type MockTransportOptions, mockTransport } from './mock-transport.ts';
export { type Recorder, type RecorderOptions, recorder } from './recorder.ts';
export { type Replay, replay } from './replay.ts';
export {
  after,
  answer,
  answerRaw,
  type Reply,
  type ReplyHeaders,
  refuse,
  reset,
  type StallPhase,
  stall,
  tooLarge,
} from './reply.ts';
export type { SeenRequest } from './seen-request.ts';
export { hostileRetryAfter, type ServerFault, serverFaults } from './server/catalogue.ts';
export type { ServerAnswer } from './server/exchange.ts';
export {
  type FaultServer,
  type FaultServerOptions,
  faultServer,
  type ServerPlace,
  type ServerStep,
} from './server/fault-server.ts';
export type { H2Fault } from './server/h2-place.ts';
export type { ServerRequest } from './server/request-reader.ts';
export { UnexpectedRequestError } from './unexpected-request.ts';
