/** What the runtime's heap takes. */
export interface HeapGauge {
  bytes(): number;
  /** Makes the heap at least as large, where the browser grants it. */
  growTo(bytes: number): void;
}

const PAGE_BYTES = 65_536;

/**
 * Watches ONNX Runtime's heap. The runtime does not say how large it is, but its heap is the shared
 * WebAssembly.Memory that its glue code makes, so the largest one made from now on is it.
 */
export function watchHeap(): HeapGauge {
  const heaps: WebAssembly.Memory[] = [];
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, args: [WebAssembly.MemoryDescriptor]) {
      const memory = new target(...args);
      if (args[0].shared) heaps.push(memory);
      return memory;
    },
  });
  const largest = (): WebAssembly.Memory | undefined =>
    heaps.toSorted((a, b) => b.buffer.byteLength - a.buffer.byteLength)[0];
  const bytes = (): number => largest()?.buffer.byteLength ?? 0;
  return {
    bytes,
    growTo(wanted) {
      const pages = Math.ceil((wanted - bytes()) / PAGE_BYTES);
      if (pages <= 0) return;
      try {
        largest()?.grow(pages);
      } catch {
        // Then the runtime asks for what it needs itself, and fails in its own words.
      }
    },
  };
}
