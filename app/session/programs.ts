import { InputError } from '../../core/errors.ts';
import type { WriteEnd } from '../../core/runtime/conversation.ts';
import type { ModelCard, PlanMode, PlanRules, SessionState, StageTiming } from '../../core/session/state.ts';
import { type Dtype, isDtype } from '../../core/tensor/dtype.ts';
import { type Tensor, tensor } from '../../core/tensor/tensor.ts';
import type { ChromeTrace } from '../../core/trace/chrome-event.ts';
import type { BrowserSession } from './browser-session.ts';
import type { Answer } from './store.ts';

/** A tensor as other programs hand it over: row-major little-endian bytes. */
export interface PlainTensor {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What a run gives back. */
export interface ProgramAnswer {
  readonly outputs: readonly (PlainTensor & { readonly name: string })[];
  readonly latencyMs: number;
  readonly stages: readonly StageTiming[];
}

/**
 * Runs of a model one after another, such as the tokens of a text: its state (`past_key_values.N` and `present.N`, and
 * the like; `states` of the model's card) stays on the devices that make it, and begins from zeros.
 */
export interface ProgramSequence {
  /**
   * The next run, after the answer of the one before. Feeds are all inputs but the kept states, the outputs all but
   * those. Rejects with a RequestFailedError of the step `state` once the state is lost, for example as the layers
   * moved: begin another sequence then, and run again what this one had.
   */
  run(feeds: Readonly<Record<string, PlainTensor>>): Promise<ProgramAnswer>;
  /** Frees the state on all devices. */
  end(): void;
}

export interface ProgramWrite {
  readonly maxNewTokens?: number;
  /** 0, as where left out: the likeliest always. */
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly repetitionPenalty?: number;
  readonly seed?: number;
  /** Whether guesses from the text itself are checked several at a time; the text is the same. Default true. */
  readonly draft?: boolean;
  /** Each of these strings ends the text and is not part of it. */
  readonly stop?: readonly string[];
  /** Ends it between two tokens: `write` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Told of the text as it comes, whole characters only. */
  readonly onText?: (text: string) => void;
  /** Told of each token as it comes. */
  readonly onToken?: (token: number) => void;
  /** Told of each run that chose tokens. */
  readonly onRun?: (run: { readonly latencyMs: number; readonly stages: readonly StageTiming[] }) => void;
}

export interface ProgramText {
  /** Of the prompt and of what was written after it. */
  readonly promptIds: readonly number[];
  readonly ids: readonly number[];
  readonly text: string;
  /** The model's own end or one of `stop`; the wished length; or the model can hold no more. */
  readonly end: WriteEnd;
  /** From the turn to the first token. */
  readonly firstMs: number;
  /** After the first token; 0 where there was no second. */
  readonly tokensPerSec: number;
}

/** `window.potluck`: the room for scripts in this page, such as the lab. */
export interface Programs {
  state(): SessionState;
  /**
   * A model, or the files of one that has external data. `sizes` of symbolic dimensions, by name, go before the
   * guessed ones; the plan is made for them.
   */
  openFile(
    model: Uint8Array<ArrayBuffer> | File | readonly File[],
    name: string,
    sizes?: Readonly<Record<string, number>>,
  ): Promise<void>;
  openUrl(url: string, sizes?: Readonly<Record<string, number>>): Promise<void>;
  setMode(mode: PlanMode): void;
  setRules(rules: PlanRules): void;
  /** Runs the model once; missing inputs are filled with random numbers of seed 0. */
  run(feeds: Readonly<Record<string, PlainTensor>>): Promise<ProgramAnswer>;
  /** Writes on after a text, with the open model. Rejects with an InputError for one that does not write. */
  write(prompt: string, options?: ProgramWrite): Promise<ProgramText>;
  /** Begins a sequence of the open model. @throws InputError when none is open. */
  sequence(): ProgramSequence;
  /**
   * What all devices did lately, as one trace in Chrome's Trace Event Format on this device's clock. Devices that do not
   * answer within seconds are named in `otherData.missing`.
   */
  trace(): Promise<ChromeTrace>;
}

/** Offers a session to scripts in its page. */
export function programs(session: BrowserSession): Programs {
  return {
    state: () => session.state.value,
    openFile: (model, name, sizes = {}) => session.openSized(filesOf(model, name), sizes),
    openUrl: (url, sizes = {}) => session.openUrl(url, sizes),
    setMode: (mode) => session.setMode(mode),
    setRules: (rules) => session.setRules(rules),
    run: async (feeds) => {
      return programAnswer(session, await session.askTensors(tensorsOf(feeds), 0, 'from a program'));
    },
    write: async (prompt, options = {}) => {
      const [language, { writeOnce }] = await Promise.all([
        session.language(),
        import('./language/write-once.ts'),
      ]);
      return writeOnce(session.member, language, prompt, options);
    },
    trace: async () => {
      const { roomTrace } = await import('./room-trace.ts');
      return roomTrace(session.member, () => session.state.value);
    },
    sequence: () => {
      const card = openCard(session);
      const opening = import('./model-sequence.ts').then(({ modelSequence }) =>
        modelSequence(card, session.member.asker),
      );
      opening.catch(() => undefined);
      return {
        run: async (feeds) => {
          const given = tensorsOf(feeds);
          const { outputs, latencyMs, stages } = await (await opening).run(given);
          return {
            outputs: outputs.map(({ name, tensor: value }) => ({ name, ...value })),
            latencyMs,
            stages,
          };
        },
        end: () => void opening.then((sequence) => sequence.end()).catch(() => undefined),
      };
    },
  };
}

function filesOf(model: Uint8Array<ArrayBuffer> | File | readonly File[], name: string): readonly File[] {
  if (model instanceof File) return [model];
  return model instanceof Uint8Array ? [new File([model], name)] : model;
}

function openCard(session: BrowserSession): ModelCard {
  const { model } = session.state.value;
  if (model.kind === 'ready') return model.card;
  const data = { step: 'use the model', expected: 'an open model', actual: model.kind };
  throw new InputError('No model is open.', data);
}

/** An answer without the page's own classes. */
export function programAnswer(session: BrowserSession, answer: Answer): ProgramAnswer {
  const request = session.state.value.requests.find(({ id }) => id === answer.request);
  const outputs = answer.outputs.map(({ name, tensor: value }) => ({ name, ...value }));
  return { outputs, latencyMs: answer.latencyMs, stages: request?.stages ?? [] };
}

/** @throws InputError when type, shape and bytes do not fit each other. */
export function tensorsOf(feeds: Readonly<Record<string, PlainTensor>>): Record<string, Tensor> {
  return Object.fromEntries(Object.entries(feeds).map(([name, plain]) => [name, checked(plain)]));
}

function checked({ dtype, dims, data }: PlainTensor): Tensor {
  if (!isDtype(dtype)) {
    throw new InputError(`"${dtype}" is not an element type.`, {
      step: 'read a tensor',
      expected: 'float32, int64, …',
      actual: dtype,
    });
  }
  return tensor(dtype satisfies Dtype, dims, data);
}
