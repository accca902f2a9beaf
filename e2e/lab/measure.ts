import { dirname } from 'node:path';
import type { Page } from 'playwright';
import { quantile } from '../../bench/statistics.ts';
import type { DeviceCard, SessionState } from '../../core/session/state.ts';
import type { Tensor } from '../../core/tensor/tensor.ts';
import type { Device } from '../browser.ts';
import { LAB_BUILD } from '../build.ts';
import { type Mirror, startMirror } from '../mirror/mirror.ts';
import { browserBytes } from '../process-memory.ts';
import { openRoom, type Room } from '../room.ts';
import { type ProductServer, startProduct, startServing } from '../server.ts';
import { runsOn, stateOf, until } from '../session-page.ts';
import { type Edge, openEdges } from './edges.ts';
import { askerAmong, needsLabPage } from './faults/fault.ts';
import { runFaults } from './faults/run-faults.ts';
import { generateTexts } from './generate.ts';
import { feedsFor, type LabInput } from './input.ts';
import { labQuery } from './lab-query.ts';
import { type LabModel, labModel } from './model-files.ts';
import type { LabOptions } from './options.ts';
import { openReference, type ReferenceTab, serveReference } from './reference-tab.ts';
import type { LabDevice, LabReport, Latency, SameStage } from './report.ts';
import { openModel, runOnce, setFeeds, throughput, timeOnce } from './room-model.ts';
import { timeSameStage } from './same-stage.ts';
import { saveTrace } from './save-trace.ts';
import { verify } from './verify.ts';

/** Loads are told once a second; after this, the last one tells of all runs. */
const LOADS_SETTLE_MS = 2500;

/** Rounds that do not count, after the one that is compared: the browser still optimises the runtime's code. */
const WARM_UP = 2;

/** Opens a room, runs the model split and whole in turn, and compares. dist/ must be built, or with shaped links the lab's page. */
export async function measure(options: LabOptions, input: LabInput): Promise<LabReport> {
  const opened: { close(): Promise<void> }[] = [];
  try {
    const server = inLabPage(options) ? await startServing(LAB_BUILD) : await startProduct();
    opened.push({ close: () => server.stop() });
    const files = await serveReference([options.model]);
    opened.push(files);
    // A software adapter only where it is asked for: nobody has one at home.
    const webgpu = options.provider === 'webgpu';
    const begun = performance.now();
    const room = await openRoom({
      origin: server.origin,
      devices: options.devices,
      device: { webgpu },
      query: (device) => queryOf(options, device),
      ...(options.cpu.length > 0 && { cpu: options.cpu }),
      // What goes through the server is not shaped.
      direct: options.link.length > 0,
    });
    const idle = room.devices.map(({ profile }) => browserBytes(profile));
    opened.push(room);
    const edges = await openEdges(room.leader.page, {
      link: room.link,
      count: options.edge,
      browsers: options.devices,
      memoryOf: (at) => forDevice(options.memory, options.devices + at),
    });
    opened.push(edges);
    const roomMs = performance.now() - begun;
    const reference = await openReference(files.origin, webgpu);
    opened.push(reference);
    const model = await labModel(options.model);
    // As a hub does, and it counts what leaves it.
    const mirror = await startMirror({ folder: dirname(model.path) });
    opened.push(mirror);
    return await compare({
      options,
      input,
      room,
      edges: edges.all,
      server,
      idle,
      roomMs,
      reference,
      model,
      url: files.urlOf(options.model),
      mirror,
    });
  } finally {
    for (const each of opened.reverse()) await each.close();
  }
}

/** Whether the lab's own build of the page is needed, because the product's cannot be shaped or disturbed. */
export function inLabPage({ link, faults }: LabOptions): boolean {
  return link.length > 0 || faults.some(needsLabPage);
}

/** The tuning of one device's page. */
function queryOf({ provider, memory, link }: LabOptions, device: number): string {
  const offered = forDevice(memory, device);
  const memoryQuery = offered === undefined ? '' : `&memory=${offered}`;
  return `?provider=${provider}${memoryQuery}${labQuery({ shape: forDevice(link, device) })}`;
}

/** What a list says of a device: its last entry is for all that follow. */
function forDevice<T>(list: readonly T[], device: number): T | undefined {
  return list[device] ?? list.at(-1);
}

interface Comparison {
  readonly options: LabOptions;
  readonly input: LabInput;
  readonly room: Room;
  readonly edges: readonly Edge[];
  readonly server: ProductServer;
  /** What each device's browser took before the model was chosen. */
  readonly idle: readonly (number | null)[];
  readonly roomMs: number;
  readonly reference: ReferenceTab;
  readonly model: LabModel;
  /** Where the reference tab fetches it, and where the room does if it is told an address. */
  readonly url: string;
  readonly mirror: Mirror;
}

async function compare(parts: Comparison): Promise<LabReport> {
  const { options, input, room, edges, server, idle, roomMs, reference, model, url, mirror } = parts;
  const { page } = room.leader;
  const mode = options.allDevices ? 'everyone' : 'fastest';
  const begun = performance.now();
  const opened = {
    model,
    sizes: input.sizes,
    url: options.from === 'url' ? mirror.at(`/${model.name}`) : undefined,
  };
  const state = await openModel(page, opened, mode);
  const modelMs = performance.now() - begun;
  if (options.allDevices)
    await until(page, 'every device holds a stage', runsOn(options.devices + options.edge));
  const profile = state.devices.find(({ card }) => card.peer === state.me)?.card.profile;
  if (state.model.kind !== 'ready' || !profile) throw new Error('The leader has no model or no profile.');
  const feeds = feedsFor(state.model.card, options.seed, input.recorded);
  await setFeeds(page, feeds);
  const { runtime, threads } = profile;
  const provider = profile.provider === 'webgpu' ? 'webgpu' : 'wasm';
  await reference.load(
    { url, external: model.external },
    { provider, threads, ...(runtime === 'node' ? {} : { bundle: runtime }) },
    feeds,
  );

  // The first runs warm up both sides and give the outputs to compare.
  const outputs = verify((await runOnce(page)).outputs, await reference.run());
  const texts =
    options.task === 'generate'
      ? await generateTexts(room, reference, model.path, state.model.card, options.generate)
      : null;
  const isFaulty = options.faults.length > 0;
  const { whole, split } = await timeBoth(page, reference, options, isFaulty);
  const steady = isFaulty ? null : await throughput(page, options.requests, options.inFlight);
  await new Promise((resolve) => setTimeout(resolve, LOADS_SETTLE_MS));
  const after = await stateOf(page);
  if (!after?.plan) throw new Error('The plan is gone.');
  const peers = edges.map((edge) => describeEdge(after, edge));
  const browsers = await Promise.all(
    room.devices.map(async (device, index) => ({
      ...(await describeDevice(device, idle[index] ?? null)),
      cpuPercent: forDevice(options.cpu, index) ?? null,
      link: forDevice(options.link, index) ?? null,
    })),
  );
  const errors = await errorsOf(room, options);
  const { card } = state.model;
  const disturbed = isFaulty
    ? await runFaults({ options, input, room, edges, server, reference, card, texts: texts?.whole ?? null })
    : null;
  const missing =
    options.trace === undefined ? [] : await saveTrace(askerOf(room, options).page, options.trace);
  const sameStage = isFaulty || texts ? [] : await sameStages(parts, after, feeds);
  const checked = texts && outputs.ok ? texts.verify : outputs;
  return {
    model: model.name,
    devices: [...browsers, ...peers],
    preparation: { roomMs, modelMs },
    originRatio: options.from === 'url' ? mirror.counts.total.bytes / model.bytes : null,
    plan: {
      predictedLatencyMs: after.plan.predictedLatencyMs,
      predictedPeriodMs: after.plan.predictedPeriodMs,
    },
    split: {
      latencyMs: latency(disturbed?.latencies ?? split),
      throughputPerSec: disturbed?.throughputPerSec ?? steady ?? 0,
    },
    whole: { latencyMs: latency(whole), ...(texts && { generate: texts.whole }) },
    ...(texts && { generate: texts.split }),
    ...(disturbed && { faults: disturbed.faults }),
    ...(sameStage.length > 0 && { sameStage }),
    // What differs without any fault says more.
    verify: disturbed && checked.ok ? disturbed.verify : checked,
    errors: [
      ...errors,
      ...(disturbed?.errors ?? []),
      ...missing.map((name) => `${name} did not answer for the trace`),
    ],
  };
}

/** The stages of peers without a page, against the same in a tab. The reference has another model afterwards. */
async function sameStages(
  { options, edges, room, reference, model }: Comparison,
  { plan, devices }: SessionState,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<SameStage[]> {
  const found: SameStage[] = [];
  for (const { name } of edges) {
    const peer = devices.find(({ card }) => card.name === name)?.card.peer;
    const index = plan?.stages.findIndex((stage) => stage.peer === peer) ?? -1;
    const stage = plan?.stages[index];
    if (!stage) continue;
    const { start, end } = stage;
    found.push(
      await timeSameStage({
        ...{ page: room.leader.page, reference, model: model.path, feeds },
        ...{ device: name, index, start, end, rounds: options.requests },
      }),
    );
  }
  return found;
}

/** The device that all is asked from. */
function askerOf(room: Room, { devices, faults }: LabOptions): Device {
  return (faults.length > 0 && room.devices[askerAmong(devices, faults) ?? 0]) || room.leader;
}

/** The whole model and the room in turn; the room's own times are of no use where faults are to come. */
async function timeBoth(page: Page, reference: ReferenceTab, { requests }: LabOptions, isFaulty: boolean) {
  const whole: number[] = [];
  const split: number[] = [];
  for (let i = 0; i < WARM_UP + requests; i++) {
    const { ms } = await reference.time();
    const latencyMs = isFaulty ? 0 : (await timeOnce(page)).latencyMs;
    if (i < WARM_UP) continue;
    whole.push(ms);
    split.push(latencyMs);
  }
  return { whole, split };
}

/** The device as its own page sees it. */
async function describeDevice(
  { page, profile }: Device,
  idle: number | null,
): Promise<Omit<LabDevice, 'cpuPercent' | 'link'>> {
  const now = browserBytes(profile);
  const state = await stateOf(page);
  if (!state) throw new Error('A device has left the room.');
  const browserGrowthBytes = now === null || idle === null ? null : now - idle;
  const ways = state.devices.filter(({ card }) => card.peer !== state.me).map(({ link }) => link.kind);
  return { ...describe(state, ({ peer }) => peer === state.me), ways, browserGrowthBytes };
}

/** A peer without a page, as the leader sees it. Nothing limits its processor and its links. */
function describeEdge(leader: SessionState, { name, growthBytes }: Edge): LabDevice {
  const seen = describe(leader, (card) => card.name === name);
  const way = leader.devices.find(({ card }) => card.name === name)?.link.kind;
  return { ...seen, cpuPercent: null, link: null, ways: way ? [way] : [], browserGrowthBytes: growthBytes() };
}

type Described = Omit<LabDevice, 'cpuPercent' | 'link' | 'ways' | 'browserGrowthBytes'>;

function describe(state: SessionState, isMeant: (card: DeviceCard) => boolean): Described {
  const found = state.devices.find(({ card }) => isMeant(card));
  if (!found) throw new Error('A device has left the room.');
  const { card, load } = found;
  const stages = (state.plan?.stages ?? []).flatMap((stage) => {
    const own = [stage, ...(stage.copies ?? [])].find(({ peer }) => peer === card.peer);
    return own ? [{ ...stage, predictedMs: own.predictedMs }] : [];
  });
  const [first] = stages;
  return {
    name: card.name,
    provider: card.profile?.provider ?? 'none',
    threads: card.profile?.threads ?? 0,
    stage: first ? { start: first.start, end: stages.at(-1)?.end ?? first.end } : null,
    predictedMs: first ? stages.reduce((sum, { predictedMs }) => sum + predictedMs, 0) : null,
    measuredMs: first ? load.msPerItem : null,
    weightBytes: stages.reduce((sum, { weightBytes }) => sum + weightBytes, 0),
    bytesReceived: load.bytesIn,
    busyMs: load.busyMs,
    peakMemoryBytes: load.peakMemoryBytes,
  };
}

async function errorsOf(room: Room, options: LabOptions): Promise<string[]> {
  const errors: string[] = [];
  for (const [i, { page, watch }] of room.devices.entries()) {
    const state = await stateOf(page);
    const me = state?.devices.find(({ card }) => card.peer === state.me);
    const notices = state?.notices.filter(({ tone }) => tone === 'bad').map(({ message }) => message) ?? [];
    errors.push(...[...notices, ...watch.consoleErrors].map((message) => `device ${i}: ${message}`));
    if (options.provider !== 'auto' && me?.card.profile?.provider !== options.provider) {
      errors.push(`device ${i} runs on ${me?.card.profile?.provider}, not on ${options.provider}`);
    }
  }
  return errors;
}

function latency(sample: readonly number[]): Latency {
  return { median: quantile(sample, 0.5), p95: quantile(sample, 0.95) };
}
