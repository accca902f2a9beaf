import type { SequenceAsker } from '../../core/runtime/sequence.ts';
import type { ModelCard } from '../../core/session/state.ts';
import { notReady } from './door-error.ts';

/**
 * Asks a room for as long as it has the model that the question is for. A text that waits for its turn, or begins again
 * after a loss, would else go on with the words of one model and the layers of another.
 */
export function askerForModel(asker: SequenceAsker, isStill: () => boolean): SequenceAsker {
  return {
    get plan() {
      return asker.plan;
    },
    newSequence: () => asker.newSequence(),
    endSequence: (sequence) => asker.endSequence(sequence),
    ask: async (tensors, options) => {
      if (isStill()) return asker.ask(tensors, options);
      throw notReady('The room has another model by now.');
    },
  };
}

const KEYS = new WeakMap<ModelCard, string>();

/** The same for the same model, whoever tells of it and however often. */
export function modelKey(card: ModelCard): string {
  const known = KEYS.get(card);
  if (known !== undefined) return known;
  const key = JSON.stringify(card, (_, value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  KEYS.set(card, key);
  return key;
}
