import { InputError } from '../../core/errors.ts';
import type { PlanMode, SessionState, StageTiming } from '../../core/session/state.ts';
import { type Dtype, isDtype } from '../../core/tensor/dtype.ts';
import { type Tensor, tensor } from '../../core/tensor/tensor.ts';
import type { BrowserSession } from './browser-session.ts';

/** A tensor as other programs hand it over: row-major little-endian bytes. */
export interface PlainTensor {
  readonly dtype: string;
  readonly dims: readonly number[];
  readonly data: Uint8Array<ArrayBuffer>;
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
  /** Runs the model once; missing inputs are filled with random numbers of seed 0. */
  run(feeds: Readonly<Record<string, PlainTensor>>): Promise<{
    readonly outputs: readonly (PlainTensor & { readonly name: string })[];
    readonly latencyMs: number;
    readonly stages: readonly StageTiming[];
  }>;
}

/** Offers a session to scripts in its page. */
export function programs(session: BrowserSession): Programs {
  return {
    state: () => session.state.value,
    openFile: (model, name, sizes = {}) => session.openSized(filesOf(model, name), sizes),
    openUrl: (url, sizes = {}) => session.openUrl(url, sizes),
    setMode: (mode) => session.setMode(mode),
    run: async (feeds) => {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, plain]) => [name, checked(plain)]),
      );
      const answer = await session.askTensors(tensors, 0, 'from a program');
      const request = session.state.value.requests.find(({ id }) => id === answer.request);
      const outputs = answer.outputs.map(({ name, tensor: value }) => ({ name, ...value }));
      return { outputs, latencyMs: answer.latencyMs, stages: request?.stages ?? [] };
    },
  };
}

function filesOf(model: Uint8Array<ArrayBuffer> | File | readonly File[], name: string): readonly File[] {
  if (model instanceof File) return [model];
  return model instanceof Uint8Array ? [new File([model], name)] : model;
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
