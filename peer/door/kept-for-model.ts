import type { Member } from '../../core/runtime/member.ts';
import type { ModelCard } from '../../core/session/state.ts';
import { modelKey } from './asker-for-model.ts';

/** What was made for the model of a visit, for as long as that is the model. */
export class KeptForModel<T> {
  readonly #drop: (made: T) => void;
  #kept: { readonly member: Member; readonly key: string; readonly made: Promise<T> } | undefined;
  #ready: T | undefined;

  /** `drop` gets what is no longer wanted. */
  constructor(drop: (made: T) => void) {
    this.#drop = drop;
  }

  /** Undefined while there is none, or not yet. */
  get ready(): T | undefined {
    return this.#ready;
  }

  /** Made once for each model; what failed is made anew for the next one who asks. */
  get(member: Member, card: ModelCard, make: () => Promise<T>): Promise<T> {
    const key = modelKey(card);
    if (this.#kept?.member === member && this.#kept.key === key) return this.#kept.made;
    this.clear();
    const kept = { member, key, made: make() };
    this.#kept = kept;
    kept.made.then(
      (made) => {
        if (this.#kept === kept) this.#ready = made;
      },
      () => {
        if (this.#kept === kept) this.#kept = undefined;
      },
    );
    return kept.made;
  }

  clear(): void {
    this.#kept?.made.then(this.#drop, () => undefined);
    this.#kept = undefined;
    this.#ready = undefined;
  }
}
