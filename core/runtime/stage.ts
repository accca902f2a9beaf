import { ProtocolError } from '../errors.ts';
import type { LoadStage } from '../protocol/messages.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { StageExecutor, StageHandle } from './stage-executor.ts';

/** A stage that is loaded and may run. */
export interface Stage {
  readonly terms: LoadStage;
  readonly executor: StageExecutor;
  readonly handle: StageHandle;
}

/** Where each tensor that leaves a stage comes from: an output of its model, or straight through. */
interface Wiring {
  readonly inputs: readonly number[];
  readonly sends: readonly ({ readonly output: number } | { readonly received: number })[];
}

/**
 * Runs a stage on what it received and returns what it sends on, in the order agreed at plan time.
 * Takes ownership of `received`.
 * @throws ProtocolError when the number or types of tensors differ from the agreement; RuntimeFailedError.
 */
export async function runStage(
  stage: Stage,
  received: readonly Tensor[],
): Promise<{ tensors: readonly Tensor[]; computeMs: number }> {
  const { terms } = stage;
  checkAgreement(terms, received);
  const { inputs, sends } = wire(terms);
  const feeds = inputs.map((index) => at(received, index));
  // The executor may detach its inputs' buffers, and tensors of one frame share one buffer.
  const detached = new Set(feeds.map((feed) => feed.data.buffer));
  const through = received.map((t) => (detached.has(t.data.buffer) ? undefined : t));
  const kept = sends.map((source) => {
    if ('output' in source) return undefined;
    return through[source.received] ?? copyOf(at(received, source.received));
  });
  const { outputs, computeMs } = await stage.executor.run(stage.handle, feeds);
  const tensors = sends.map((source, index) =>
    'output' in source ? at(outputs, source.output) : at(kept, index),
  );
  return { tensors, computeMs };
}

/** The wiring depends on the terms alone, so it is worked out once for each. */
const wirings = new WeakMap<LoadStage, Wiring>();

function wire(terms: LoadStage): Wiring {
  const known = wirings.get(terms);
  if (known) return known;
  const receivedAt = new Map(terms.receives.map((tensor, index) => [tensor.name, index]));
  const outputAt = new Map(terms.outputs.map((tensor, index) => [tensor.name, index]));
  const wiring: Wiring = {
    inputs: terms.inputs.map(({ name }) => receivedAt.get(name) ?? missing(name)),
    sends: terms.sends.map(({ name }) => {
      const output = outputAt.get(name);
      return output === undefined ? { received: receivedAt.get(name) ?? missing(name) } : { output };
    }),
  };
  wirings.set(terms, wiring);
  return wiring;
}

function checkAgreement(terms: LoadStage, received: readonly Tensor[]): void {
  const expected = terms.receives.map((tensor) => tensor.dtype).join(', ');
  const actual = received.map((tensor) => tensor.dtype).join(', ');
  if (expected === actual) return;
  throw new ProtocolError(
    `Stage ${terms.stage} expects tensors of type ${expected} and received ${actual}.`,
    {
      step: 'receive an activation',
      expected,
      actual,
    },
  );
}

function copyOf(t: Tensor): Tensor {
  return { ...t, data: t.data.slice() };
}

function at<T>(list: readonly (T | undefined)[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new RangeError(`no item ${index} of ${list.length}`);
  return item;
}

function missing(name: string): never {
  throw new ProtocolError(`The plan uses the tensor "${name}" but no stage before makes it.`, {
    step: 'join two stages',
    expected: name,
    actual: 'nothing',
  });
}
