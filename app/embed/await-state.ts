import type { Signal } from '@preact/signals';
import { FetchError, InputError, type PotluckError, RoomEndedError } from '../../core/errors.ts';
import type { ModelState, SessionState } from '../../core/session/state.ts';

/** As long as the page tries before a person would reload it. */
const ENTER_WITHIN_MS = 30_000;
/** A leader has its model at once, or begins to open it; the others hear of it with the first word. */
const MODEL_WITHIN_MS = 30_000;

interface Patience {
  readonly ms: number;
  /** Time counts while this holds. */
  readonly while: (state: SessionState) => boolean;
  readonly late: () => PotluckError;
}

/**
 * Resolves once `pick` gives something. @throws RoomEndedError when the visit ends before that, what `pick` throws, what
 * `late` gives when the patience is at its end, the signal's reason.
 */
function awaitState<T>(
  state: Signal<SessionState>,
  pick: (state: SessionState) => T | undefined,
  signal: AbortSignal,
  patience: Patience,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const done = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      // A signal calls its subscriber before it has handed over what ends the subscription.
      queueMicrotask(() => unsubscribe());
      settle();
    };
    const abort = (): void => done(() => reject(signal.reason));
    const wait = (counts: boolean): void => {
      if (counts) timer ??= setTimeout(() => done(() => reject(patience.late())), patience.ms);
      else {
        clearTimeout(timer);
        timer = undefined;
      }
    };
    const look = (now: SessionState): void => {
      try {
        refuseEnded(now);
        const found = pick(now);
        if (found === undefined) wait(patience.while(now));
        else done(() => resolve(found));
      } catch (error) {
        done(() => reject(error));
      }
    };
    signal.addEventListener('abort', abort);
    const unsubscribe = state.subscribe(look);
    if (signal.aborted) abort();
  });
}

function refuseEnded({ phase }: SessionState): void {
  if (phase.kind !== 'ended') return;
  throw new RoomEndedError(phase.message, { step: 'stay in the room', reason: phase.reason });
}

/** Inside the room, and the server knows it. Where somebody is asked first, that takes as long as it takes. */
export function whenInside(state: Signal<SessionState>, signal: AbortSignal): Promise<true> {
  return awaitState(
    state,
    ({ phase, server }) => (phase.kind === 'open' && server === 'open' ? true : undefined),
    signal,
    {
      ms: ENTER_WITHIN_MS,
      while: ({ phase }) => phase.kind !== 'knocking',
      late: () =>
        new FetchError('The server does not answer.', {
          ...{
            step: 'enter the room',
            expected: `an answer within ${ENTER_WITHIN_MS / 1000} s`,
            actual: 'none',
          },
        }),
    },
  );
}

/** A model that is being opened is waited for, however large. @throws InputError when there is none. */
export function whenModel(state: Signal<SessionState>, signal: AbortSignal): Promise<true> {
  return awaitState(state, (now) => (isOpen(now) ? true : undefined), signal, noModel);
}

/** A plan runs. @throws InputError when there is no model. */
export function whenReady(state: Signal<SessionState>, signal: AbortSignal): Promise<true> {
  const runs = (now: SessionState): true | undefined =>
    isOpen(now) && now.plan?.status === 'running' && now.preparing === null ? true : undefined;
  return awaitState(state, runs, signal, noModel);
}

/** @throws InputError when the model could not be opened. */
function isOpen({ model }: SessionState): boolean {
  if (model.kind === 'failed') throw notOpened(model);
  return model.kind === 'ready';
}

export function notOpened({ name, step, message }: Extract<ModelState, { kind: 'failed' }>): InputError {
  return new InputError(`${name}: could not ${step}. ${message}`, { step, expected: 'a model that runs' });
}

const noModel: Patience = {
  ms: MODEL_WITHIN_MS,
  while: ({ model }) => model.kind === 'none',
  late: () => {
    const data = { step: 'ask', expected: 'a model', actual: 'none' };
    return new InputError('There is no model yet.', data);
  },
};
