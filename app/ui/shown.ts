import { effect, type ReadonlySignal, signal } from '@preact/signals';

/** One frame: a request that was just asked leaves before the page draws that it was. */
const FIRST_MS = 16;
/** Five pictures a second read as live; the main thread of a phone has activations to forward. */
const EVERY_MS = 200;

/** Follows a signal, but changes at most every {@link EVERY_MS}; the last value always arrives. */
export function shown<T>(source: { readonly value: T }): ReadonlySignal<T> {
  const view = signal(source.value);
  let latest = source.value;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settle = (): void => {
    timer = undefined;
    if (view.peek() === latest) return;
    view.value = latest;
    timer = setTimeout(settle, EVERY_MS);
  };
  effect(() => {
    latest = source.value;
    if (latest === view.peek()) return;
    if (timer === undefined) timer = setTimeout(settle, FIRST_MS);
  });
  return view;
}
