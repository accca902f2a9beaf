/**
 * Tells how large ONNX Runtime's heap is. The runtime does not say, but its heap is the shared
 * WebAssembly.Memory that its glue code makes, so the largest one made from now on is it.
 */
export function watchHeap(): () => number {
  const heaps: WebAssembly.Memory[] = [];
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, args: [WebAssembly.MemoryDescriptor]) {
      const memory = new target(...args);
      if (args[0].shared) heaps.push(memory);
      return memory;
    },
  });
  return () => heaps.reduce((most, heap) => Math.max(most, heap.buffer.byteLength), 0);
}
