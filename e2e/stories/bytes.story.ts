import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Device, launchDevice } from '../browser.ts';
import { type CountingProxy, countingProxy } from '../counting-proxy.ts';
import { type ProductServer, startProduct } from '../server.ts';
import { readyDevices, runsOn, until } from '../session-page.ts';

/** What may move before the room can be used. */
const SHELL_LIMIT = 150 * 1024;
/** Any one variant of the runtime, compressed (facts.md A2: 2.7 to 4.7 MB of brotli). */
const RUNTIME_LIMIT = 5 * 1024 * 1024;
/** The page itself is asked for anew, and little else. */
const SECOND_VISIT_LIMIT = 50 * 1024;

describe.each([
  ['a WASM-only device', false],
  ['a WebGPU device (software adapter)', true],
])('what a visit moves: %s', (what, webgpu) => {
  let server: ProductServer;
  let proxy: CountingProxy;
  let device: Device;

  beforeAll(async () => {
    server = await startProduct();
    proxy = await countingProxy(server.origin);
    device = await launchDevice({ webgpu });
  });
  afterAll(async () => {
    await device?.close();
    await proxy?.close();
    await server?.stop();
  });

  /** Opens a room in a new tab and waits until its model runs. */
  async function visit(): Promise<ReadonlyMap<string, number>> {
    const page = await device.context.newPage();
    await page.goto(proxy.origin);
    await until(page, 'the device is ready', readyDevices(1));
    await until(page, 'its model runs', runsOn(1));
    await page.close();
    return proxy.take();
  }

  it('the first moves a small shell and one variant of the runtime, the second next to nothing', async () => {
    const first = await visit();
    const second = await visit();
    const isRuntime = ([name]: [string, number]): boolean => /^ort[.-]/.test(name);
    const runtime = [...first].filter(isRuntime);
    const shell = [...first].filter((entry) => !isRuntime(entry) && !entry[0].endsWith('.onnx'));
    console.log(
      `${what}: first visit ${kilobytes(total(first))} (shell ${kilobytes(total(shell))}, runtime ` +
        `${kilobytes(total(runtime))}: ${runtime.map(([name]) => name).join(', ')}), ` +
        `second visit ${kilobytes(total(second))}`,
    );
    expect(total(shell)).toBeLessThanOrEqual(SHELL_LIMIT);
    expect(total(runtime)).toBeLessThanOrEqual(RUNTIME_LIMIT);
    expect(runtime.filter(([name]) => name.endsWith('.wasm'))).toHaveLength(1);
    if (!webgpu) expect(runtime.map(([name]) => name).join()).not.toMatch(/jspi|asyncify|webgpu/);
    expect(total(second)).toBeLessThanOrEqual(SECOND_VISIT_LIMIT);
  });
});

function total(files: Iterable<[string, number]>): number {
  return [...files].reduce((sum, [, bytes]) => sum + bytes, 0);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}
