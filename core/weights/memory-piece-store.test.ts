import { MemoryPieceStore, MemoryShelf } from './memory-piece-store.ts';
import { pieceStoreContract } from './piece-store-contract.ts';

pieceStoreContract('memory', async (roomBytes) => {
  const shelf = new MemoryShelf(roomBytes);
  return {
    openPage: async () => {
      const store = new MemoryPieceStore(shelf);
      return { store, close: async () => store.close() };
    },
    end: async () => undefined,
  };
});
