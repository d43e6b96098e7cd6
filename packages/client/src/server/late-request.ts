import { SwitchgearError, type Verdict, verdicts } from '@switchgear/policy';

/** The request came, or was read, when its caller had stopped waiting: nothing is done for it. */
export class LateRequestError extends SwitchgearError {
  override readonly code = 'SWITCHGEAR_LATE_REQUEST';
  /** What it is answered with. Express goes by this name, fastify by the other one. */
  readonly status: number;
  readonly statusCode: number;

  constructor(status: number) {
    super('the deadline of this request has passed');
    this.status = status;
    this.statusCode = status;
  }

  override verdict(): Verdict {
    return verdicts.ignored;
  }
}
