import type { ModelCard, SessionState } from '../../core/session/state.ts';

/** What was made for the model of a visit, for as long as that is the model. */
export class KeptForModel<T> {
  #kept: { readonly key: string; readonly made: Promise<T> } | undefined;

  /** Undefined before the first call. */
  get now(): Promise<T> | undefined {
    return this.#kept?.made;
  }

  /** Made once for each model; what failed is made anew for the next one who asks. */
  get(
    { me }: SessionState,
    { name, bytes, language, encoder }: ModelCard,
    make: () => Promise<T>,
  ): Promise<T> {
    const key = JSON.stringify([me, name, bytes, language, encoder]);
    if (this.#kept?.key === key) return this.#kept.made;
    const kept = { key, made: make() };
    this.#kept = kept;
    kept.made.catch(() => {
      if (this.#kept === kept) this.#kept = undefined;
    });
    return kept.made;
  }
}
