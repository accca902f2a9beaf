import type { PieceStore } from '../../../core/weights/piece-store.ts';
import { askToKeep } from './ask-to-keep.ts';
import { WorkerPieceStore } from './worker-piece-store.ts';

/** Opening a database has been seen to hang in some browsers; a room must not wait for that. */
const OPEN_WITHIN_MS = 10_000;
/** Beside it the page holds the weights of its stage, in the heap of the runtime. */
const MEMORY_BYTES = 512 * 1024 ** 2;

/**
 * Opens the pieces stored on this device: on disk where the browser really lets the page write, else in memory,
 * up to `memoryBytes`. Never throws.
 */
export async function openPieceStore(memoryBytes: number = MEMORY_BYTES): Promise<PieceStore> {
  try {
    const disk = await openedInTime(new WorkerPieceStore());
    // Nobody waits for the answer: it changes nothing now.
    void askToKeep(navigator);
    return disk;
  } catch (error) {
    console.warn('Weights are kept in memory.', error);
    const { MemoryPieceStore, MemoryShelf } = await import('../../../core/weights/memory-piece-store.ts');
    return new MemoryPieceStore(new MemoryShelf(memoryBytes));
  }
}

async function openedInTime(store: WorkerPieceStore): Promise<WorkerPieceStore> {
  const timer = setTimeout(() => store.close(), OPEN_WITHIN_MS);
  try {
    await store.open();
    return store;
  } catch (error) {
    store.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
