/** An adapter that does not come within this long does not come: asking may hang on broken drivers. */
const ADAPTER_LIMIT_MS = 3000;

/** A GPU as WebGPU offers it. */
export interface Adapter {
  readonly description: string;
  /** It computes on the CPU after all. */
  readonly software: boolean;
  /** One weight lies in one buffer that a shader binds; kernels that spread it over several are few (facts.md A3). */
  readonly largestTensorBytes: number;
}

/** This device's GPU adapter, or null when it has none that WebGPU can use. */
export async function findAdapter(): Promise<Adapter | null> {
  // Present only in secure contexts and where the browser has WebGPU; may still give no adapter (facts.md C).
  const gpu = (navigator as { gpu?: GPU }).gpu;
  if (!gpu) return null;
  const asked = gpu.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
  const patience = new Promise<null>((resolve) => setTimeout(resolve, ADAPTER_LIMIT_MS, null));
  const adapter = await Promise.race([asked, patience]);
  return adapter && describe(adapter);
}

function describe(adapter: GPUAdapter): Adapter {
  // Safari 26.0 has no `info` (facts.md A6).
  const info: Partial<GPUAdapterInfo> = adapter.info ?? {};
  const words = [info.vendor, info.architecture, info.device, info.description].filter(Boolean);
  const text = [...new Set(words)].join(' ') || 'unnamed adapter';
  const software =
    info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(text);
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits;
  return {
    description: software ? `${text} (software)` : text,
    software,
    largestTensorBytes: Math.min(maxBufferSize, maxStorageBufferBindingSize),
  };
}
