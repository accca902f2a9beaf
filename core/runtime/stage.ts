import { ProtocolError, RequestFailedError } from '../errors.ts';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Decode } from '../language/decode.ts';
import { pickTokens } from '../language/pick-tokens.ts';
import type { LoadStage } from '../protocol/messages.ts';
import { rowOf } from '../tensor/rows.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type {
  JoinedInput,
  KeptInput,
  KeptOutput,
  KeptTensor,
  StageExecutor,
  StageHandle,
  StageInput,
} from './stage-executor.ts';
import type { BlankState, SequenceRun, StateKeeper, TakenStates } from './state-keeper.ts';

/** A stage that is loaded and may run. */
export interface Stage {
  readonly terms: LoadStage;
  readonly executor: StageExecutor;
  readonly handle: StageHandle;
}

/** A run that belongs to a sequence, or one of the next steps of several together, and who knows their states. */
export interface InSequence {
  /** Each is a row of the tensors; one alone is all of them. */
  readonly runs: readonly SequenceRun[];
  readonly keeper: StateKeeper;
}

export interface StageRun {
  readonly tensors: readonly Tensor[];
  readonly computeMs: number;
  /** The runs of several whose state is not here: what was made of them means nothing. */
  readonly lost: ReadonlyMap<SequenceRun, unknown>;
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
 * states are among neither: the keeper knows them. Takes ownership of `received`.
 * @throws ProtocolError when the number or types of tensors differ from the agreement; RequestFailedError when the state
 * of the only run is not here; RuntimeFailedError. A run that fails has lost the states of its sequence.
 */
export async function runStage(
  stage: Stage,
  received: readonly Tensor[],
  sequence?: InSequence,
): Promise<StageRun> {
  const { terms } = stage;
  const wiring = wire(terms, sequence !== undefined);
  checkAgreement(terms, wiring, received);
  const states = sequence && wiring.blanks.length > 0 ? takeStates(terms, wiring, sequence) : undefined;
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
  const wanted = { sends: wiring.made, keeps: states?.keeps ?? [] };
  const { outputs, kept, computeMs } = await stage.executor.run(stage.handle, feeds, wanted);
  states?.keep(kept);
  const tensors = wiring.sends.map((source, index) =>
    'received' in source ? at(passing, index) : at(outputs, source.made),
  );
  return { tensors, computeMs, lost: states?.lost ?? new Map() };
}

/**
 * The tokens that a run of a decoder asked for, as int32 [1, picks], from what the last stage made of `rows` runs.
 * @throws RequestFailedError when the model is no decoder, or its scores are not what a decoder's are.
 */
export function picked(
  { scores, sends, kept }: LoadStage,
  made: readonly Tensor[],
  decode: Decode,
  { row, rows }: { readonly row: number; readonly rows: number },
): Tensor {
  const unsent = new Set(kept?.unsent);
  const at = sends.filter(({ name }) => !unsent.has(name)).findIndex(({ name }) => name === scores);
  const tensor = made[at];
  if (!tensor) {
    const data = { step: 'choose a token', expected: 'a language model', actual: 'another model' };
    throw new RequestFailedError('This model does not write.', data);
  }
  return pickTokens(rows === 1 ? tensor : rowOf(tensor, row, rows, null), decode);
}

/** The states of all runs, as a stage is fed with them. */
interface RunStates {
  readonly inputs: readonly StageInput[];
  readonly keeps: readonly KeptOutput[];
  readonly lost: ReadonlyMap<SequenceRun, unknown>;
  /** All that was kept, in the order of `keeps`, row by row. */
  keep(kept: readonly KeptTensor[]): void;
}

function takeStates(
  { stage, batching }: LoadStage,
  { blanks, kept }: Wiring,
  { runs, keeper }: InSequence,
): RunStates {
  const [only] = runs;
  if (only && runs.length === 1) {
    const { inputs, keep } = keeper.take(only, blanks);
    return { inputs, keep, keeps: kept.map((output) => ({ output, rows: null })), lost: new Map() };
  }
  if (!batching) {
    const data = { step: 'run', expected: 'one text', actual: `${runs.length} texts` };
    throw new ProtocolError(`Stage ${stage} does not run several texts together.`, data);
  }
  const { side } = batching;
  const lost = new Map<SequenceRun, unknown>();
  const taken = runs.map((run): TakenStates | undefined => {
    try {
      return keeper.take(run, blanks);
    } catch (error) {
      lost.set(run, error);
      return undefined;
    }
  });
  if (lost.size === runs.length) throw [...lost.values()][0];
  const tokens = runs.map(({ decode }) => decode?.keep ?? 0);
  const axes = blanks.map(({ dims }) => dims.indexOf(0));
  const inputs = axes.map((axis, state): JoinedInput => {
    const rows = taken.map((states) => states && keptInput(states.inputs[state]));
    const fill = axis < 0 ? null : { axis, length: Math.max(...tokens), side };
    return { rows: rows.map((row) => row ?? null), fill };
  });
  const keeps = kept.map((output, state): KeptOutput => {
    const axis = axes[state] ?? -1;
    const lengths = runs.map(({ decode }, row) => (tokens[row] ?? 0) + (decode?.count ?? 0));
    return { output, rows: { count: runs.length, own: axis < 0 ? null : { axis, side, lengths } } };
  });
  const keep = (all: readonly KeptTensor[]): void => {
    for (const [row, states] of taken.entries()) {
      const own = kept.map((_, state) => at(all, state * runs.length + row));
      if (states) states.keep(own);
      else keeper.refuse(own);
    }
  };
  return { inputs, keeps, lost, keep };
}

/** Steps have a past, so it is never the zeros before a first run. */
function keptInput(input: StageInput | undefined): KeptInput | null {
  return input && 'kept' in input ? input : null;
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
