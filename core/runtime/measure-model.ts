import { RuntimeFailedError } from '../errors.ts';
import { packBlob } from '../graph/pack.ts';
import { type Guess, guesses } from '../graph/sample-inputs.ts';
import { decoderIo } from '../language/decoder-io.ts';
import type { Clock } from '../mesh/clock.ts';
import type { ModelCard } from '../session/state.ts';
import { calibrate } from './calibrate.ts';
import type { Member } from './member.ts';
import type { Measured, OpenModel } from './open-model.ts';
import type { ExecutorOptions } from './stage-executor.ts';

export interface MeasureModelOptions {
  readonly member: Member;
  readonly runtime: () => ExecutorOptions;
  readonly clock: Clock;
  readonly onProgress: (fraction: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Measures a model on the leader's own device; where its inputs had to be guessed, the model comes back with the guess
 * that ran on its card. @throws what the likeliest guess met; the signal's reason on abort.
 */
export async function measureModel(model: OpenModel, options: MeasureModelOptions): Promise<Measured> {
  const { member, runtime, ...rest } = options;
  const { card, blobOf } = model;
  const { calibration, guess } = await accepted(card.inputs, async (guess) => ({
    guess,
    calibration: await calibrate({
      ...model,
      ...rest,
      packOf: async (shard) => blobOf && packBlob(shard.weights, blobOf),
      executors: member.executors,
      runtime: runtime(),
      inputs: model.sample(guess),
      unsent: staying(card),
      memoryBytes: member.card.profile?.memoryBytes ?? 0,
    }),
  }));
  const found = guess.open !== undefined || guess.ids !== undefined;
  return { model: found ? { ...model, card: { ...card, guess } } : model, calibration };
}

/** Tries what a model might accept until a run succeeds. @throws what the likeliest guess met. */
async function accepted<T>(inputs: ModelCard['inputs'], attempt: (guess: Guess) => Promise<T>): Promise<T> {
  let first: unknown;
  for (const guess of [{}, ...[...guesses(inputs)].slice(1)]) {
    try {
      return await attempt(guess);
    } catch (error) {
      first ??= error;
      // Anything but a run that refused its input is not the input's fault.
      if (!(error instanceof RuntimeFailedError && error.data.step === 'run')) throw first;
    }
  }
  throw first;
}

/** Of a model that writes: what its devices keep, and the scores, of which only the chosen words go home. */
function staying({ inputs, outputs, states = [], runs }: ModelCard): ReadonlySet<string> {
  if (!runs) return new Set();
  const scores = decoderIo({ inputs, outputs, states })?.scores.name ?? '';
  return new Set([scores, ...states.flatMap(({ input, output }) => [input, output])]);
}
