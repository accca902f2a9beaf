import { afterEach, describe, expect, test } from 'vitest';
import { CompiledRuntime } from './compiled-runtime.ts';

/** A module without anything in it. */
const EMPTY = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const original = WebAssembly.instantiateStreaming;
afterEach(() => {
  WebAssembly.instantiateStreaming = original;
});

function download(): Response {
  return new Response(EMPTY, { headers: { 'content-type': 'application/wasm' } });
}

describe('CompiledRuntime', () => {
  test('keeps what the browser compiles', async () => {
    const runtime = new CompiledRuntime();
    expect(runtime.module).toBeUndefined();
    const { module } = await WebAssembly.instantiateStreaming(download());
    expect(runtime.module).toBe(module);
  });

  test('starts with what another worker compiled, and lets the file go', async () => {
    const runtime = new CompiledRuntime();
    const module = await WebAssembly.compile(EMPTY);
    runtime.use(module);
    let cancelled = false;
    const cancel = (): void => {
      cancelled = true;
    };
    const body = new ReadableStream({ cancel });
    const started = await WebAssembly.instantiateStreaming(Promise.resolve(new Response(body)));
    expect(started.module).toBe(module);
    expect(started.instance).toBeInstanceOf(WebAssembly.Instance);
    expect(cancelled).toBe(true);
  });

  test('passes on that the browser cannot compile it', async () => {
    const runtime = new CompiledRuntime();
    const wrong = new Response('no', { headers: { 'content-type': 'application/wasm' } });
    await expect(WebAssembly.instantiateStreaming(wrong)).rejects.toThrow(WebAssembly.CompileError);
    expect(runtime.module).toBeUndefined();
  });
});
