/** What the runtime's heap takes. */
export interface HeapGauge {
  bytes(): number;
  /** Makes the heap large enough for this much more at once, where it is not made yet: then it need not grow. */
  expect(bytes: number): void;
}

const PAGE_BYTES = 65_536;
/** What the runtime takes of its heap for itself and a stage's usual tensors. */
const OWN_BYTES = 24e6;

/**
 * Watches ONNX Runtime's heap. The runtime does not say how large it is, but the heap is the shared
 * WebAssembly.Memory that its glue code makes, so the largest one made from now on is it. Left alone, the glue
 * code grows it by a fifth at a time, which may be 60 MB more than is needed.
 */
export function watchHeap(): HeapGauge {
  const heaps: WebAssembly.Memory[] = [];
  let expected = 0;
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, args: [WebAssembly.MemoryDescriptor]) {
      const [asked] = args;
      if (!asked.shared) return new target(asked);
      const pages = Math.ceil((OWN_BYTES + expected) / PAGE_BYTES);
      const memory = makeLarger(target, asked, expected > 0 ? pages : 0);
      heaps.push(memory);
      return memory;
    },
  });
  return {
    bytes: () => heaps.reduce((most, heap) => Math.max(most, heap.buffer.byteLength), 0),
    expect: (bytes) => {
      expected = bytes;
    },
  };
}

function makeLarger(
  Memory: typeof WebAssembly.Memory,
  asked: WebAssembly.MemoryDescriptor,
  pages: number,
): WebAssembly.Memory {
  const initial = Math.min(Math.max(asked.initial, pages), asked.maximum ?? pages);
  if (initial === asked.initial) return new Memory(asked);
  try {
    return new Memory({ ...asked, initial });
  } catch {
    // Not in one go, but perhaps step by step: as it would have been without us.
    return new Memory(asked);
  }
}
