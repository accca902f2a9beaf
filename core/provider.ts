/** Where the arithmetic runs. `wasm` is ONNX Runtime's CPU provider in the browser, `cpu` the one in Node. */
export type Provider = 'webgpu' | 'wasm' | 'cpu';
