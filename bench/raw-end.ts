/**
 * The page's side of a raw ping. Playwright carries these functions into the page one by one, so each
 * stands alone and keeps what it needs on `globalThis`.
 */

interface End {
  readonly connection: RTCPeerConnection;
  channel?: RTCDataChannel;
}
interface RawWindow {
  rawEnds?: Map<number, End>;
  /** Ends the ping under way; set in the page where the last hop arrives. */
  rawArrived?: () => void;
}

/** The sending end of a hop: resolves to an offer with all its candidates. */
export async function offer(hop: number): Promise<string> {
  const page = globalThis as RawWindow;
  page.rawEnds ??= new Map();
  const connection = new RTCPeerConnection();
  page.rawEnds.set(hop, { connection, channel: connection.createDataChannel('raw') });
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 10));
  return JSON.stringify(connection.localDescription);
}

/** The receiving end: resolves to the answer. `next` is what it sends on when `expected` bytes are here. */
export async function answer(hop: {
  readonly index: number;
  readonly offer: string;
  readonly expected: number;
  readonly next: { readonly index: number; readonly bytes: number } | null;
  readonly sliceBytes: number;
}): Promise<string> {
  const page = globalThis as RawWindow;
  page.rawEnds ??= new Map();
  const connection = new RTCPeerConnection();
  page.rawEnds.set(-1 - hop.index, { connection });
  let received = 0;
  connection.ondatachannel = ({ channel }) => {
    channel.binaryType = 'arraybuffer';
    channel.onmessage = ({ data }) => {
      received += data.byteLength;
      if (received < hop.expected) return;
      received = 0;
      if (hop.next === null) {
        page.rawArrived?.();
        return;
      }
      const onward = page.rawEnds?.get(hop.next.index)?.channel;
      for (let sent = 0; sent < hop.next.bytes; sent += hop.sliceBytes) {
        onward?.send(new Uint8Array(Math.min(hop.sliceBytes, hop.next.bytes - sent)));
      }
    };
  };
  await connection.setRemoteDescription(JSON.parse(hop.offer));
  await connection.setLocalDescription();
  while (connection.iceGatheringState !== 'complete') await new Promise((resolve) => setTimeout(resolve, 10));
  return JSON.stringify(connection.localDescription);
}

/** Back at the sending end; resolves when the channel is open, rejects after `limitMs`. */
export async function accept(hop: {
  readonly index: number;
  readonly answer: string;
  readonly limitMs: number;
}): Promise<void> {
  const end = (globalThis as RawWindow).rawEnds?.get(hop.index);
  if (!end) throw new Error(`Hop ${hop.index} was never offered.`);
  await end.connection.setRemoteDescription(JSON.parse(hop.answer));
  const limit = performance.now() + hop.limitMs;
  while (end.channel?.readyState !== 'open') {
    if (performance.now() > limit)
      throw new Error(`Hop ${hop.index} did not connect within ${hop.limitMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends the first hop's bytes; resolves to the milliseconds until the last hop's are back in this page. */
export async function ping(first: { readonly bytes: number; readonly sliceBytes: number }): Promise<number> {
  const page = globalThis as RawWindow;
  const channel = page.rawEnds?.get(0)?.channel;
  if (!channel) throw new Error('The first hop is not connected.');
  const back = new Promise<number>((resolve) => {
    page.rawArrived = () => resolve(performance.now());
  });
  const started = performance.now();
  for (let sent = 0; sent < first.bytes; sent += first.sliceBytes) {
    channel.send(new Uint8Array(Math.min(first.sliceBytes, first.bytes - sent)));
  }
  return (await back) - started;
}

/** Closes all ends in this page. */
export function closeEnds(): void {
  const page = globalThis as RawWindow;
  for (const { connection } of page.rawEnds?.values() ?? []) connection.close();
  page.rawEnds?.clear();
}
