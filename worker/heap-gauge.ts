/** What the runtime's heap takes. */
export interface HeapGauge {
  bytes(): number;
  /** Makes the heap at least as large, where the browser grants it. */
  growTo(bytes: number): void;
}

const PAGE_BYTES = 65_536;
/** The glue code asks for this part more than the heap has, then half of it, then a quarter, and at last takes no less. */
const OVERSHOOT = 0.2;
const ATTEMPTS = 3;

/**
 * Watches ONNX Runtime's heap. The runtime does not say how large it is, but its heap is the shared
 * WebAssembly.Memory that its glue code makes, so the largest one made from now on is it.
 */
export function watchHeap(): HeapGauge {
  const heaps: WebAssembly.Memory[] = [];
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, args: [WebAssembly.MemoryDescriptor]) {
      const memory = new target(...args);
      if (!args[0].shared) return memory;
      heaps.push(memory);
      return growingModestly(memory);
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
        const heap = largest();
        if (heap) WebAssembly.Memory.prototype.grow.call(heap, pages);
      } catch {
        // Then the runtime asks for what it needs itself, and fails in its own words.
      }
    },
  };
}

/**
 * Emscripten's heap grows by a fifth, up to 96 MB, beyond what is needed, unless that is refused twice. What the
 * stage really needs is granted in any case: each request comes three times, the last time with the least on top.
 */
function growingModestly(memory: WebAssembly.Memory): WebAssembly.Memory {
  let refused = 0;
  memory.grow = (pages) => {
    const modest = (memory.buffer.byteLength * OVERSHOOT) / 2 ** (ATTEMPTS - 1);
    if (pages * PAGE_BYTES > modest + PAGE_BYTES && ++refused < ATTEMPTS) {
      throw new RangeError('a smaller step will do');
    }
    refused = 0;
    return WebAssembly.Memory.prototype.grow.call(memory, pages);
  };
  return memory;
}
