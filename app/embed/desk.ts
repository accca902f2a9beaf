import { OverloadedError } from '../../core/errors.ts';
import type { EmbedAsk, EmbedRequest } from '../../core/protocol/embed.ts';
import { callOf, parseEmbedRequest } from '../../core/protocol/parse-embed.ts';
import type { FromFrame } from './channel.ts';
import { toldError } from './told-error.ts';

/** Twice what `runAll` has under way at most; each may hold the tensors of a run. */
const AT_ONCE = 64;

/** The frame's end of the channel. */
export interface DeskPort {
  postMessage(message: FromFrame, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

export interface AskContext {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  readonly piece: (text: string) => void;
}

export interface Reply {
  readonly value?: unknown;
  /** What moves to the site rather than being copied. */
  readonly transfer?: Transferable[];
}

/**
 * Hears what the embedding site asks, one call beside the other, and answers each once. The site is foreign: its messages
 * pass one door, it has so many calls at once, and what it gets wrong it is told in the answer of that call.
 */
export function openDesk(
  port: DeskPort,
  answer: (ask: EmbedAsk, context: AskContext) => Promise<Reply>,
): void {
  const open = new Map<number, AbortController>();
  const say = (message: FromFrame, transfer: Transferable[] = []): void =>
    port.postMessage(message, transfer);
  const fail = (call: number, error: unknown): void => say({ type: 'error', call, error: toldError(error) });

  const work = async (call: number, ask: EmbedAsk): Promise<void> => {
    const control = new AbortController();
    open.set(call, control);
    try {
      const piece = (text: string): void => say({ type: 'piece', call, text });
      const { value, transfer } = await answer(ask, { signal: control.signal, piece });
      say({ type: 'result', call, value }, transfer);
    } catch (error) {
      fail(call, error);
    } finally {
      open.delete(call);
    }
  };

  port.onmessage = ({ data }) => {
    let request: EmbedRequest;
    try {
      request = parseEmbedRequest(data);
    } catch (error) {
      const call = callOf(data);
      // The number of a call that is open already would end that one.
      if (call !== null && !open.has(call)) fail(call, error);
      return;
    }
    const { type, call } = request;
    if (type === 'stop') open.get(call)?.abort(new DOMException('Nobody waits for it.', 'AbortError'));
    else if (open.has(call)) return;
    else if (open.size >= AT_ONCE) fail(call, tooMany());
    else void work(call, request.ask);
  };
}

function tooMany(): OverloadedError {
  const data = { step: 'take a call', expected: `at most ${AT_ONCE} at once`, actual: `${AT_ONCE + 1}` };
  return new OverloadedError(`There are ${AT_ONCE} calls under way already.`, data);
}
