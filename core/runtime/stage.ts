import { ProtocolError, RequestFailedError } from '../errors.ts';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Decode } from '../language/decode.ts';
import { pickTokens } from '../language/pick-tokens.ts';
import type { LoadStage } from '../protocol/messages.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { StageExecutor, StageHandle, StageInput } from './stage-executor.ts';
import type { BlankState, SequenceRun, StateKeeper, TakenStates } from './state-keeper.ts';

/** A stage that is loaded and may run. */
export interface Stage {
  readonly terms: LoadStage;
  readonly executor: StageExecutor;
  readonly handle: StageHandle;
}

/** A run that belongs to a sequence, and who knows its states. */
export interface InSequence {
  readonly run: SequenceRun;
  readonly keeper: StateKeeper;
}

/** Where each tensor of a stage comes from: what was received, the states kept here, an output of its model. */
interface Wiring {
  readonly receives: readonly BoundaryTensor[];
  readonly inputs: readonly ({ readonly received: number } | { readonly state: number })[];
  /** `made`: its place among the outputs that come back. */
  readonly sends: readonly ({ readonly made: number } | { readonly received: number })[];
  /** The outputs that come back from the executor. */
  readonly made: readonly number[];
  /** The states before the first run, and the outputs that are the states of the next. */
  readonly blanks: readonly BlankState[];
  readonly kept: readonly number[];
}

/**
 * Runs a stage on what it received and returns what it sends on, in the order agreed at plan time. In a sequence the
 * states are among neither: the keeper has them. Takes ownership of `received`.
 * @throws ProtocolError when the number or types of tensors differ from the agreement; RequestFailedError when a state
 * is not here; RuntimeFailedError. A run that fails has lost the states of its sequence.
 */
export async function runStage(
  stage: Stage,
  received: readonly Tensor[],
  sequence?: InSequence,
): Promise<{ tensors: readonly Tensor[]; computeMs: number }> {
  const { terms } = stage;
  const wiring = wire(terms, sequence !== undefined);
  checkAgreement(terms, wiring, received);
  const states = takeStates(wiring, sequence);
  const feeds = wiring.inputs.map(
    (source): StageInput =>
      'state' in source ? at(states?.inputs ?? [], source.state) : at(received, source.received),
  );
  // The executor may detach its inputs' buffers, and tensors of one frame share one buffer.
  const detached = new Set(feeds.flatMap((feed) => ('data' in feed ? [feed.data.buffer] : [])));
  const through = received.map((t) => (detached.has(t.data.buffer) ? undefined : t));
  const passing = wiring.sends.map((source) => {
    if ('made' in source) return undefined;
    return through[source.received] ?? copyOf(at(received, source.received));
  });
  const wanted = { sends: wiring.made, keeps: states ? wiring.kept : [] };
  const { outputs, kept, computeMs } = await stage.executor.run(stage.handle, feeds, wanted);
  states?.keep(kept);
  const tensors = wiring.sends.map((source, index) =>
    'received' in source ? at(passing, index) : at(outputs, source.made),
  );
  return { tensors, computeMs };
}

/**
 * The tokens that a run of a decoder asked for, as int32 [1, picks], from what the last stage made.
 * @throws RequestFailedError when the model is no decoder, or its scores are not what a decoder's are.
 */
export function picked({ scores, sends, kept }: LoadStage, made: readonly Tensor[], decode: Decode): Tensor {
  const unsent = new Set(kept?.unsent);
  const at = sends.filter(({ name }) => !unsent.has(name)).findIndex(({ name }) => name === scores);
  const tensor = made[at];
  if (!tensor) {
    const data = { step: 'choose a token', expected: 'a language model', actual: 'another model' };
    throw new RequestFailedError('This model does not write.', data);
  }
  return pickTokens(tensor, decode);
}

function takeStates({ blanks }: Wiring, sequence: InSequence | undefined): TakenStates | undefined {
  return blanks.length > 0 ? sequence?.keeper.take(sequence.run, blanks) : undefined;
}

/** The wiring depends on the terms alone, so it is worked out once for each. */
const wirings = { plain: new WeakMap<LoadStage, Wiring>(), sequence: new WeakMap<LoadStage, Wiring>() };

function wire(terms: LoadStage, inSequence: boolean): Wiring {
  const known = wirings[inSequence ? 'sequence' : 'plain'];
  const wiring = known.get(terms) ?? newWiring(terms, inSequence ? terms.kept : undefined);
  known.set(terms, wiring);
  return wiring;
}

function newWiring(terms: LoadStage, kept: LoadStage['kept']): Wiring {
  const unreceived = new Set(kept?.unreceived);
  const unsent = new Set(kept?.unsent);
  const states = kept?.states ?? [];
  const receives = terms.receives.filter(({ name }) => !unreceived.has(name));
  const receivedAt = placesOf(receives);
  const outputAt = placesOf(terms.outputs);
  const stateAt = new Map(states.map(({ input }, index) => [input, index]));
  const dtypeOf = new Map(terms.inputs.map(({ name, dtype }) => [name, dtype]));
  const sent = terms.sends.filter(({ name }) => !unsent.has(name));
  const made = [...new Set(sent.flatMap(({ name }) => outputAt.get(name) ?? []))];
  return {
    receives,
    inputs: terms.inputs.map(({ name }) => {
      const state = stateAt.get(name);
      return state === undefined ? { received: receivedAt.get(name) ?? missing(name) } : { state };
    }),
    sends: sent.map(({ name }) => {
      const output = outputAt.get(name);
      return output === undefined
        ? { received: receivedAt.get(name) ?? missing(name) }
        : { made: made.indexOf(output) };
    }),
    made,
    blanks: states.map(({ input, initial }) => ({
      dtype: dtypeOf.get(input) ?? missing(input),
      dims: initial,
    })),
    kept: states.map(({ output }) => outputAt.get(output) ?? missing(output)),
  };
}

function placesOf(tensors: readonly BoundaryTensor[]): ReadonlyMap<string, number> {
  return new Map(tensors.map(({ name }, index) => [name, index]));
}

function checkAgreement(terms: LoadStage, { receives }: Wiring, received: readonly Tensor[]): void {
  const expected = receives.map((tensor) => tensor.dtype).join(', ');
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
