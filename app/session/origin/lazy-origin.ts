import type { OriginFactory } from '../../../core/weights/origin.ts';

/** An origin over HTTP whose code comes with its first use: rooms that pass a file on never need it. */
export const lazyOrigin: OriginFactory = (card) => ({
  async *read(file, offset, length, signal) {
    const { httpOrigin } = await import('./http-origin.ts');
    yield* httpOrigin(card).read(file, offset, length, signal);
  },
});
