/**
 * Where the arithmetic runs. `wasm` is ONNX Runtime's CPU provider in the browser, `cpu` the one in Node; `webgpu` is in
 * both, `cuda` in Node.
 */
export type Provider = 'webgpu' | 'wasm' | 'cpu' | 'cuda';

/** Whether weights lie in the memory of a graphics card, and do not pass through the runtime's heap. */
export function isOnGpu(provider: Provider): boolean {
  return provider === 'webgpu' || provider === 'cuda';
}
