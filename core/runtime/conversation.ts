import { InputError, RequestFailedError } from '../errors.ts';
import type { Decode } from '../language/decode.ts';
import { decoderFeeds } from '../language/decoder-feeds.ts';
import type { DecoderIo } from '../language/decoder-io.ts';
import { DraftPolicy } from '../language/draft-policy.ts';
import { lookUp } from '../language/prompt-lookup.ts';
import type { SamplingOptions } from '../language/sampling.ts';
import type { Clock } from '../mesh/clock.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type AskResult, MODEL_CHANGED } from './asker.ts';
import { Sequence, type SequenceAsker } from './sequence.ts';
import { isOfRuntime } from './watchdog.ts';

/**
 * A prompt is read in parts of so many tokens, so that the second stage reads one while the first reads the next. An
 * estimate: fewer overlap better, more use the processor better.
 */
const CHUNK = 32;
/** A beginning that another text has is taken over from so many tokens on: reading fewer costs no more than the copy. */
const WORTH_TAKING = 16;
/** Attempts without any new token before a text is given up, as every device fails at it. */
const TRIES = 4;
/** A loss of state is nobody's failure, and comes several times with one device: each of its neighbours tells of it. */
const LOSSES_MS = 180_000;
/** Meanwhile the room is in no order: a moment later there may be another plan. */
const AFTER_LOSS_MS = 50;

/** The model that writes, and the device that asks. */
export interface Writer {
  readonly asker: SequenceAsker;
  readonly clock: Clock;
  readonly io: DecoderIo;
  /** Tokens of prompt and answer together that the model can hold. */
  readonly contextTokens: number;
  /** Whether several tokens in one run get the scores that each would get alone: only then are guesses checked so. */
  readonly invariant: boolean;
  /** False once the room has another model, which knows nothing of these words; left out: it keeps its model. */
  readonly isStill?: () => boolean;
  /** The conversations that have not ended: one may begin with what another has. */
  readonly texts: Set<Conversation>;
}

export interface WriteOptions {
  readonly sampling: SamplingOptions;
  readonly maxNewTokens: number;
  /** Each of them ends the text and is not part of it. */
  readonly stopTokens: ReadonlySet<number>;
  /** Whether guesses from the text itself may be checked several at a time; the text is the same. Default true. */
  readonly draft?: boolean;
  /** Told of each run that chose tokens: how long it took, and what of that in each stage. */
  readonly onRun?: (run: Pick<AskResult, 'latencyMs' | 'stages'>) => void;
  readonly signal?: AbortSignal;
}

/** Why a text ended: by the model's word for the end, at the wished length, or as the model can hold no more. */
export type WriteEnd = 'stop' | 'length' | 'context';

/** A beginning of a text that another conversation of this device has on all stages. */
interface Prefix {
  readonly sequence: number;
  readonly tokens: number;
}

/**
 * One text that grows: the devices keep what they computed of it, and go on from there. A further turn, or another
 * answer to the same prompt, goes back to where the texts part; a new text that begins as another does takes that over. When the state is lost, with a device or a plan, the
 * text is read again from the start and goes on as it would have: the choice of a token depends on nothing else.
 */
export class Conversation {
  readonly #writer: Writer;
  readonly #drafts = new DraftPolicy();
  #sequence: Sequence | undefined;
  /** Tokens that the stages hold, or will when the runs under way are over. */
  #held: readonly number[] = [];
  /** So many of them have passed all stages. */
  #sure = 0;
  #writing = false;
  /** A run has failed that may have been one with other texts: they do not put up with company in every model. */
  #alone = false;
  /** The last run read one token and chose one, so it may have had company. */
  #stepped = false;
  #ended = false;

  constructor(writer: Writer) {
    this.#writer = writer;
    writer.texts.add(this);
  }

  /**
   * Writes on after `prompt`, the whole text so far. A signal ends it between two tokens: the text is kept for the next
   * turn.
   * @throws InputError for a prompt that is empty or too long; RequestFailedError; the signal's reason.
   */
  async *write(prompt: readonly number[], options: WriteOptions): AsyncGenerator<number, WriteEnd> {
    this.#check(prompt);
    const { signal, maxNewTokens, stopTokens } = options;
    const tokens = [...prompt];
    const most = Math.min(this.#writer.contextTokens, prompt.length + maxNewTokens);
    let donor = this.#sequence ? null : this.#donor(tokens);
    const { clock } = this.#writer;
    let tries = TRIES;
    let cameAt = clock.now();
    this.#writing = true;
    try {
      while (tokens.length < most) {
        signal?.throwIfAborted();
        let fresh: readonly number[];
        try {
          fresh = await abortable(this.#next(tokens, options, donor, most), signal);
        } catch (error) {
          if (signal?.aborted || !(error instanceof RequestFailedError)) throw error;
          const { step } = error.data;
          const isLoss = step === 'state' && clock.now() - cameAt < LOSSES_MS;
          if (!isLoss && --tries === 0) throw error;
          if (isOfRuntime(step) && this.#stepped) this.#alone = true;
          this.#lose();
          donor = null;
          if (isLoss) await new Promise<void>((resolve) => clock.setTimeout(resolve, AFTER_LOSS_MS));
          continue;
        }
        tries = TRIES;
        cameAt = clock.now();
        for (const token of fresh) {
          if (stopTokens.has(token)) return 'stop';
          tokens.push(token);
          yield token;
        }
      }
      return tokens.length < prompt.length + maxNewTokens ? 'context' : 'length';
    } finally {
      this.#writing = false;
    }
  }

  /** Frees what the devices keep of it. */
  end(): void {
    this.#ended = true;
    this.#writer.texts.delete(this);
    this.#lose();
  }

  /** The longest beginning of `tokens` that another conversation has. */
  #donor(tokens: readonly number[]): Prefix | null {
    const { asker, texts } = this.#writer;
    // Each sequence goes its own way through the copies of a stage.
    if (asker.plan?.stages.some(({ copies = [] }) => copies.length > 0)) return null;
    const least: Prefix = { sequence: 0, tokens: WORTH_TAKING - 1 };
    const best = [...texts]
      .flatMap((text) => text.#prefixOf(tokens) ?? [])
      .reduce((longest, prefix) => (prefix.tokens > longest.tokens ? prefix : longest), least);
    return best === least ? null : best;
  }

  /** Also while it is being written: what has passed stays as it is. */
  #prefixOf(tokens: readonly number[]): Prefix | null {
    if (!this.#sequence) return null;
    return { sequence: this.#sequence.number, tokens: common(this.#held.slice(0, this.#sure), tokens) };
  }

  #check(prompt: readonly number[]): void {
    const { contextTokens } = this.#writer;
    const data = { step: 'read the prompt', actual: `${prompt.length} tokens` };
    if (this.#ended || this.#writing) {
      const expected = 'a conversation that waits for a turn';
      throw new InputError('This conversation takes no turn now.', { ...data, expected });
    }
    if (prompt.length === 0) {
      throw new InputError('The prompt is empty.', { ...data, expected: 'at least one token' });
    }
    if (prompt.length < contextTokens) return;
    const message = `The text is longer than this model can hold: ${prompt.length} tokens, and at most ${contextTokens} with the answer.`;
    throw new InputError(message, { ...data, expected: `fewer than ${contextTokens} tokens` });
  }

  #lose(): void {
    this.#sequence?.end();
    this.#sequence = undefined;
    this.#held = [];
    this.#sure = 0;
  }

  /** The next tokens: one, and as many more as a draft foresaw. */
  async #next(
    tokens: readonly number[],
    { sampling, draft = true, onRun, signal }: WriteOptions,
    donor: Prefix | null,
    most: number,
  ): Promise<readonly number[]> {
    const { asker, clock, io, invariant, isStill } = this.#writer;
    // Not tried again: a text would begin with the words of one model and go on with another's.
    if (isStill?.() === false) {
      const data = { step: 'write', expected: 'the model that the text began with', actual: 'another one' };
      throw new InputError(MODEL_CHANGED, data);
    }
    const fresh = this.#sequence === undefined;
    const sequence = this.#sequence ?? new Sequence(asker);
    this.#sequence = sequence;
    const from = fresh && donor ? donor.sequence : 0;
    const known = fresh ? (donor?.tokens ?? 0) : common(this.#held, tokens);
    // At least one token has to run, for what comes after it.
    const begin = Math.min(known, tokens.length - 1);
    const isStep = begin === tokens.length - 1 && !fresh;
    const room = Math.min(this.#drafts.size, most - tokens.length - 1);
    const guesses = draft && invariant && sampling.repetitionPenalty === 1;
    const drafted = isStep && guesses ? lookUp(tokens, room) : [];
    this.#stepped = isStep && drafted.length === 0;
    const text = [...tokens, ...drafted];
    const ends = chunkEnds(begin, text.length);
    const exact = onTheWire(sampling);
    const before = exact.repetitionPenalty === 1 ? [] : [...new Set(tokens)];
    const ahead = (asker.plan?.stages.length ?? 1) + 1;
    const runs: Promise<readonly Tensor[]>[] = [];
    const startedAt = clock.now();
    for (const [index, end] of ends.entries()) {
      // Nothing may leave any more: the next turn counts on what the stages hold by then.
      signal?.throwIfAborted();
      const keep = ends[index - 1] ?? begin;
      const picks = index === ends.length - 1 ? drafted.length + 1 : 0;
      const chosen = picks > 0 ? { picks, before } : { picks, before: [] };
      const company = this.#alone ? ({ alone: true } as const) : {};
      const decode: Decode = { from, keep, count: end - keep, ...chosen, sampling: exact, ...company };
      this.#held = text.slice(0, end);
      this.#sure = Math.min(this.#sure, keep);
      const feeds = decoderFeeds(io, text.slice(keep, end), keep, picks);
      const run = sequence.run(feeds, { decode }).then((result) => {
        if (picks > 0) onRun?.(result);
        return result.tensors;
      });
      const passed = (): void => {
        // Unless a later turn has gone back before it meanwhile.
        if (this.#sequence === sequence && this.#sure <= end && this.#held.length >= end) this.#sure = end;
      };
      // Failures are heard below; where one fails, or the text is stopped, nobody waits for the rest.
      run.then(passed, () => undefined);
      runs.push(run);
      if (runs.length >= ahead) await runs[runs.length - ahead];
    }
    const [answer] = (await Promise.all(runs)).at(-1) ?? [];
    const chosen = tokensOf(answer, drafted.length + 1);
    const wrong = drafted.findIndex((token, at) => token !== chosen[at]);
    const right = wrong < 0 ? drafted.length : wrong;
    if (isStep) this.#drafts.ran(clock.now() - startedAt, drafted.length, right);
    return chosen.slice(0, right + 1);
  }
}

/** Where each part of a text ends that is read from `begin` to `end`. */
function chunkEnds(begin: number, end: number): readonly number[] {
  const parts = Math.max(1, Math.ceil((end - begin) / CHUNK));
  return Array.from({ length: parts }, (_, at) => Math.min(end, begin + (at + 1) * CHUNK));
}

/** The numbers as every device gets them, so that the first stage's own device chooses as any other would. */
function onTheWire(sampling: SamplingOptions): SamplingOptions {
  const { temperature, topP, repetitionPenalty } = sampling;
  return {
    ...sampling,
    temperature: Math.fround(temperature),
    topP: Math.fround(topP),
    repetitionPenalty: Math.fround(repetitionPenalty),
    seed: sampling.seed >>> 0,
  };
}

function tokensOf(answer: Tensor | undefined, count: number): number[] {
  if (answer?.dtype === 'int32' && answer.data.byteLength === 4 * count) {
    return [...new Int32Array(answer.data.slice().buffer)];
  }
  const data = { step: 'read an answer', expected: `${count} tokens`, actual: `${answer?.dims ?? 'none'}` };
  throw new RequestFailedError('The last stage did not answer with tokens.', data);
}

function common(a: readonly number[], b: readonly number[]): number {
  const most = Math.min(a.length, b.length);
  for (let at = 0; at < most; at++) if (a[at] !== b[at]) return at;
  return most;
}

/** Rejects with the signal's reason; the work itself goes on to its end. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
