import { type Difference, differenceOf } from '../../audit/difference.ts';
import { tokenDifference } from '../../audit/tokens.ts';
import {
  canCompare,
  computeAlike,
  isWithin,
  type NumberTraits,
  toleranceFor,
} from '../../audit/tolerance.ts';
import type { PeerId } from '../../ids.ts';
import type { LoadStage } from '../../protocol/messages.ts';
import type { DeviceProfile } from '../../session/state.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Pair } from './pairs.ts';

/** So many runs in a row that differ by bits, from devices that compute the same bits, are no chance. */
export const ODD_RUNS = 3;

/** A device, and what it made of the input: in several ways where it was asked to. */
export interface Opinion {
  readonly peer: PeerId;
  readonly made: readonly (readonly Tensor[])[];
}

export interface JudgeOptions {
  readonly profileOf: (peer: PeerId) => DeviceProfile | null;
  readonly traits: NumberTraits;
  readonly terms: LoadStage;
  readonly pair: Pair;
}

/** How one run of a stage stands against what other devices make of the same input. */
export class Judge {
  readonly #options: JudgeOptions;

  constructor(options: JudgeOptions) {
    this.#options = options;
  }

  /** Same runtime, same settings: the same bits are to be expected. */
  alike(a: PeerId, b: PeerId): boolean {
    const [one, other] = [this.#options.profileOf(a), this.#options.profileOf(b)];
    return one !== null && other !== null && computeAlike(one, other);
  }

  /** What one makes says something about the other. */
  comparable(a: PeerId, b: PeerId): boolean {
    const [one, other] = [this.#options.profileOf(a), this.#options.profileOf(b)];
    return one !== null && other !== null && canCompare(one, other, this.#options.traits);
  }

  tolerance(a: PeerId, b: PeerId): number {
    return this.#toleranceFor(a, b).relative;
  }

  /** Of what was handed on, from the nearest of what a device made of it; null where that says nothing. */
  differenceFrom({ made }: Opinion): Difference | null {
    const { pair, terms } = this.#options;
    const { decode } = pair.input;
    const [chosen] = pair.output.tensors;
    const each = made.map((tensors) => {
      const [scores] = tensors;
      if (!decode || terms.scores === undefined) return differenceOf(pair.output.tensors, tensors);
      return chosen && scores ? tokenDifference(chosen, scores, decode) : null;
    });
    return each.reduce((best, next) => (best && next ? nearer(best, next) : null));
  }

  /** True when the difference is rounding. */
  holds(difference: Difference, a: PeerId, b: PeerId): boolean {
    return isWithin(difference, this.#toleranceFor(a, b));
  }

  /** True when two devices made the same of it, as far as rounding goes; `bits`: to the bit. */
  agree(a: Opinion, b: Opinion, bits: boolean): boolean {
    const each = a.made.flatMap((one, way) => {
      const other = b.made[way];
      return other ? [differenceOf(one, other)] : [];
    });
    return (
      each.length > 0 &&
      each.every((difference) => (bits ? difference.equal : this.holds(difference, a.peer, b.peer)))
    );
  }

  #toleranceFor(a: PeerId, b: PeerId): ReturnType<typeof toleranceFor> {
    const { profileOf, traits } = this.#options;
    const unknown = { provider: 'webgpu', runtime: 'wasm', threads: 1 } as const;
    return toleranceFor(profileOf(a) ?? unknown, profileOf(b) ?? unknown, traits);
  }
}

function nearer(a: Difference, b: Difference): Difference {
  if (a.equal || b.equal) return a.equal ? a : b;
  return a.relative + a.steps <= b.relative + b.steps ? a : b;
}
