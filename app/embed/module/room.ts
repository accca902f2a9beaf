import type { EmbedAsk, EmbedModel } from '../../../core/protocol/embed.ts';
import type * as api from '../../../public/potluck.d.ts';
import type { FrameAnswer, FrameWritten } from '../channel.ts';
import type { FrameLink, CallOptions as LinkOptions } from './frame-link.ts';
import { inOrder } from './in-order.ts';
import { PotluckError } from './potluck-error.ts';
import type { RoomRecord } from './room-record.ts';
import { fromBytes, toBytes } from './tensors.ts';
import { writing } from './writing.ts';

/** What a visit is made of. */
export interface RoomParts {
  readonly link: string;
  readonly record: RoomRecord;
  readonly calls: FrameLink;
  /** Takes the frame out of the page. */
  readonly close: () => void;
}

/** A goodbye takes milliseconds; a frame that hangs is removed all the same. */
const GOODBYE_MS = 2000;
const IN_FLIGHT = 4;
/** Half of what the frame takes of one page. */
const MOST_IN_FLIGHT = 32;

/** A visit to a room through its frame; see the declaration for what each does. */
export class EmbeddedRoom implements api.Room {
  readonly link: string;
  readonly #parts: RoomParts;

  constructor(parts: RoomParts) {
    this.link = parts.link;
    this.#parts = parts;
  }

  get state(): api.RoomState {
    return this.#parts.record.state;
  }

  get devices(): readonly api.Device[] {
    return this.#parts.record.devices;
  }

  get plan(): api.Plan | null {
    return this.#parts.record.plan;
  }

  get log(): readonly api.LogLine[] {
    return this.#parts.record.log;
  }

  on<T extends keyof api.RoomEvents>(topic: T, listener: (news: api.RoomEvents[T]) => void): () => void {
    return this.#parts.record.on(topic, listener);
  }

  async ready(): Promise<void> {
    await this.#call({ type: 'ready' });
  }

  async openModel(model: api.ModelChoice): Promise<void> {
    await this.#call({ type: 'open', model: modelOf(model) });
  }

  async run(inputs: api.Inputs, { signal }: api.CallOptions = {}): Promise<api.Answer> {
    const { feeds, buffers } = toBytes(inputs);
    return answerOf(await this.#call({ type: 'run', feeds }, { signal, transfer: buffers }));
  }

  async *runAll(
    items: Iterable<api.Inputs> | AsyncIterable<api.Inputs>,
    { inFlight = IN_FLIGHT, signal }: Parameters<api.Room['runAll']>[1] = {},
  ): AsyncGenerator<api.Answer, void> {
    const most = Math.max(1, Math.min(MOST_IN_FLIGHT, Math.floor(inFlight) || 1));
    yield* inOrder(items, most, (inputs) => this.run(inputs, { ...(signal && { signal }) }));
  }

  async runImage(
    picture: ImageData | ImageBitmapSource,
    { signal }: api.CallOptions = {},
  ): Promise<api.Answer> {
    const isReady = picture instanceof ImageData || picture instanceof ImageBitmap;
    const own = isReady ? undefined : await createImageBitmap(picture);
    const pixels = own ?? (picture as ImageData | ImageBitmap);
    const ask: EmbedAsk = { type: 'picture', picture: pixels };
    return answerOf(await this.#call(ask, { signal, transfer: own ? [own] : [] }));
  }

  write(
    input: string | readonly api.Turn[],
    { signal: outer, ...options }: api.WriteOptions = {},
  ): api.Writing {
    const ask: EmbedAsk = { type: 'write', input, options };
    return writing(async (onPiece, signal) => {
      return (await this.#call(ask, { signal, onPiece })) as FrameWritten;
    }, outer);
  }

  async setMode(mode: api.Mode): Promise<void> {
    await this.#call({ type: 'mode', mode });
  }

  async qr(): Promise<string> {
    return (await this.#call({ type: 'qr' })) as string;
  }

  async leave(): Promise<void> {
    const { calls, close } = this.#parts;
    // Whatever goes wrong on the way out, one is out.
    await this.#call({ type: 'leave' }, { signal: AbortSignal.timeout(GOODBYE_MS) }).catch(() => undefined);
    calls.end(over('left', 'You left the room.'));
    close();
  }

  #call(ask: EmbedAsk, options?: LinkOptions): Promise<unknown> {
    return this.#parts.calls.call(ask, options);
  }
}

export function over(reason: api.EndReason, message: string): PotluckError {
  return new PotluckError(message, { name: 'RoomEndedError', step: 'stay in the room', reason });
}

/** An id has neither colon nor slash nor dot; everything else is an address, seen from this page. @throws PotluckError */
export function modelOf(model: api.ModelChoice): EmbedModel {
  if (typeof model === 'string' && /^[a-z0-9-]+$/.test(model)) return { kind: 'bundled', id: model };
  if (typeof model !== 'string' && !(model instanceof URL)) {
    return { kind: 'files', files: model instanceof File ? [model] : [...model] };
  }
  try {
    return { kind: 'url', url: new URL(model, document.baseURI).href };
  } catch {
    const details = { step: 'choose a model', expected: 'an id, an address or files', actual: String(model) };
    throw new PotluckError(`"${model}" is no address of a model.`, { name: 'InputError', ...details });
  }
}

function answerOf(answer: unknown): api.Answer {
  const { outputs, ...rest } = answer as FrameAnswer;
  return {
    ...rest,
    outputs: Object.fromEntries(outputs.map(({ name, ...tensor }) => [name, fromBytes(tensor)])),
  };
}
