/**
 * The runtime's compiled code. A browser compiles 10 MB of WebAssembly in two passes, the second one for many seconds
 * beside the first runs, so workers of one page share one module. The runtime neither takes nor gives it, but it asks
 * the browser for it in one place.
 */
export class CompiledRuntime {
  #module: WebAssembly.Module | undefined;

  /** Stands in for `WebAssembly.instantiateStreaming` of this worker from now on. */
  constructor() {
    const compile = WebAssembly.instantiateStreaming.bind(WebAssembly);
    WebAssembly.instantiateStreaming = async (source, imports) => {
      if (!this.#module) {
        const compiled = await compile(source, imports);
        this.#module = compiled.module;
        return compiled;
      }
      const module = this.#module;
      // The file is on its way by now, from the browser's cache.
      const { body } = await source;
      await body?.cancel();
      return { module, instance: await WebAssembly.instantiate(module, imports) };
    };
  }

  /** Undefined before the runtime has started. */
  get module(): WebAssembly.Module | undefined {
    return this.#module;
  }

  /** What another worker compiled: the runtime starts with it. */
  use(module: WebAssembly.Module): void {
    this.#module = module;
  }
}
