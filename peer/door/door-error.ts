import { messageOf } from '../../core/errors.ts';

export interface DoorErrorOptions {
  /** The field of the request that is wrong. */
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a caller hears instead of an answer: a status, and a body in the form of OpenAI's API. */
export class DoorError extends Error {
  override readonly name = 'DoorError';
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, options: DoorErrorOptions = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = options.param ?? null;
    this.headers = options.headers ?? {};
  }

  /** The body that clients of OpenAI's API read. */
  get body(): { readonly error: Readonly<Record<string, string | null>> } {
    const { message, code, param } = this;
    return { error: { message, type: typeOf(this.status), param, code } };
  }
}

/** The request itself is wrong. */
export function badRequest(message: string, param?: string, code = 'invalid_value'): DoorError {
  return new DoorError(400, code, message, param === undefined ? {} : { param });
}

/** Seconds after which a full line is likely to have room again; half a text of a small model. */
const AGAIN_S = 2;
/** A plan is loaded within some seconds where the weights are there already. */
const PLAN_S = 5;

export function tooMany(message: string): DoorError {
  return new DoorError(429, 'rate_limit_exceeded', message, { headers: { 'retry-after': `${AGAIN_S}` } });
}

export function notReady(message: string): DoorError {
  return new DoorError(503, 'model_not_ready', message, { headers: { 'retry-after': `${PLAN_S}` } });
}

/**
 * What a caller may hear of any error. Errors of the room carry sentences for people; of all others nothing is told, as
 * they may name files and addresses.
 */
export function doorErrorOf(error: unknown): DoorError {
  if (error instanceof DoorError) return error;
  const { name } = error instanceof Error ? error : { name: '' };
  if (name === 'InputError') return badRequest(messageOf(error));
  if (name === 'OverloadedError') return tooMany(messageOf(error));
  if (name === 'RequestFailedError') {
    const headers = { 'retry-after': `${PLAN_S}` };
    return new DoorError(503, 'request_failed', messageOf(error), { headers });
  }
  return new DoorError(500, 'internal_error', 'Something went wrong here; this peer has noted what.');
}

function typeOf(status: number): string {
  if (status >= 500) return 'server_error';
  if (status === 429) return 'rate_limit_error';
  return status === 403 ? 'permission_error' : 'invalid_request_error';
}
