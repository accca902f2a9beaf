import type { Endpoint } from 'comlink';

/** What a process and its child have to talk to each other. */
interface Channel {
  send?(message: unknown, sent: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
}

/**
 * Comlink between two processes, with "advanced" serialization. Nothing moves, all is copied: who asks for a transfer keeps
 * what it had.
 */
export function ipcEndpoint(channel: Channel): Endpoint {
  const heard = new Map<object, (message: unknown) => void>();
  return {
    // Of the end of the other side its `exit` or `disconnect` tells.
    postMessage: (message) => void channel.send?.(message, () => undefined),
    addEventListener: (_type, listener) => {
      const hear = (message: unknown): void => {
        const event = { data: owned(message) } as MessageEvent;
        if (typeof listener === 'function') listener(event);
        else listener.handleEvent(event);
      };
      heard.set(listener, hear);
      channel.on('message', hear);
    },
    removeEventListener: (_type, listener) => {
      const hear = heard.get(listener);
      if (hear) channel.off('message', hear);
      heard.delete(listener);
    },
  };
}

/** Views of a message come as views of its one buffer, and their new owners may move theirs away. */
function owned(value: unknown): unknown {
  // The method of all typed arrays; the one of Buffer makes no copy.
  if (ArrayBuffer.isView(value)) return Uint8Array.prototype.slice.call(value);
  if (Array.isArray(value)) return value.map(owned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, owned(each)]));
}
