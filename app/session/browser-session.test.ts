import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { model, node, value } from '../../core/graph/model-builder.ts';
import type { PeerId, RoomId } from '../../core/ids.ts';
import { systemClock } from '../../core/mesh/clock.ts';
import { MemoryDialler } from '../../core/mesh/memory-dial.ts';
import { MemoryRoom } from '../../core/mesh/memory-rendezvous.ts';
import { Mesh } from '../../core/mesh/mesh.ts';
import type { StageExecutor } from '../../core/runtime/stage-executor.ts';
import type { DeviceCard } from '../../core/session/state.ts';
import { subtleDigest } from '../../core/weights/digest.ts';
import { MemoryPieceStore } from '../../core/weights/memory-piece-store.ts';
import { Shelf } from '../../core/weights/shelf.ts';
import { BrowserSession } from './browser-session.ts';

const ME = 'a'.repeat(16) as PeerId;
const CARD: DeviceCard = {
  peer: ME,
  name: 'Laptop',
  browser: 'Node',
  platform: 'Linux',
  form: 'computer',
  status: 'ready',
  progress: null,
  refusal: null,
  profile: {
    provider: 'wasm',
    threads: 1,
    runtime: 'wasm',
    benchMs: 10,
    tried: [],
    memoryBytes: 1e9,
    adapter: null,
  },
  hidden: false,
};

/** A runtime that knows one operator: it hands its input on. */
function relayingExecutor(): StageExecutor {
  return {
    open: async (options) => options,
    load: async ({ model: bytes }) => {
      if (new TextDecoder().decode(bytes).includes('Unheard')) throw new Error('no operator "Unheard"');
      return 1;
    },
    run: async (_, inputs) => ({
      outputs: inputs.filter((input) => 'data' in input),
      kept: [],
      computeMs: 1,
    }),
    drop: () => {},
    release: async () => {},
    memory: async () => ({ heapBytes: 0, bufferBytes: 0, peakBytes: 0 }),
    close: () => {},
  };
}

function fileOf(operator: string): File {
  const ends = { inputs: [value('x', 'float32', ['n', 2])], outputs: [value('y', 'float32', ['n', 2])] };
  return new File([model({ nodes: [node(operator, ['x'], ['y'])], ...ends })], `${operator}.onnx`);
}

describe('opening a model', () => {
  let session: BrowserSession;

  beforeEach(() => {
    vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {} });
    const network = new Mesh({
      me: ME,
      rendezvous: new MemoryRoom(systemClock, { delayMs: 0 }).join(ME),
      dial: new MemoryDialler(systemClock, { delayMs: 0 }).dial,
      clock: systemClock,
      random32: () => 1,
      report: () => {},
    });
    session = new BrowserSession({
      place: {
        link: { room: 'room' as RoomId, secret: 's' },
        isNew: true,
        address: 'http://localhost/r/room#s',
        identity: { peer: ME, key: 'k', leads: true },
      },
      card: CARD,
      network,
      executors: relayingExecutor,
      runtime: () => ({ provider: 'wasm', threads: 1 }),
      shelf: new Shelf(new MemoryPieceStore(), subtleDigest(crypto.subtle)),
      origins: () => {
        throw new Error('no model here has an origin');
      },
      random32: () => 1,
      door: {
        admit: () => {},
        deny: () => {},
        askFirst: () => {},
        lead: () => undefined,
        yield: () => undefined,
        leave: () => {},
      },
    });
    session.entered(ME, 0);
  });

  afterEach(() => {
    session.ended('left', 'The test ended.');
    vi.unstubAllGlobals();
  });

  it('uses the sizes it is given', async () => {
    await session.openSized([fileOf('Identity')], { n: 5 });
    expect(session.state.value.model).toMatchObject({ kind: 'ready', card: { dims: { n: 5 } } });
  });

  it.each([
    ['does not run here', fileOf('Unheard'), /Unheard cannot run here.*no operator/],
    ['is no model', new File(['<p>Sign in</p>'], 'page.onnx'), /page.onnx: could not .*ONNX/],
  ])('what %s is told in a notice, and the room keeps the model before', async (_what, file, said) => {
    await session.openFile(fileOf('Identity'));
    await session.openFile(file).catch(() => {});
    expect(session.state.value.model).toMatchObject({ kind: 'ready', card: { name: 'Identity' } });
    expect(session.state.value.notices.map(({ message }) => message)).toEqual([expect.stringMatching(said)]);
  });
});
