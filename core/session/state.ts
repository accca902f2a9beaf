import type { Guess } from '../graph/sample-inputs.ts';
import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { StateSlot } from '../graph/state-slots.ts';
import type { Epoch, PeerId, RequestId, RoomId, Sha256 } from '../ids.ts';
import type { RunTraits } from '../language/batching.ts';
import type { SamplingOptions } from '../language/sampling.ts';
import type { Spread } from '../plan/profile.ts';
import type { Provider } from '../provider.ts';

/** Everything a page shows. Plain JSON; changed only by `reduce`. Times are epoch milliseconds unless named otherwise. */
export interface SessionState {
  readonly me: PeerId;
  readonly room: RoomId;
  /** The full link, secret in the fragment: for the QR code and the copy button, never for a log. */
  readonly link: string;
  readonly leader: PeerId | null;
  readonly phase: SessionPhase;
  readonly server: 'connecting' | 'open' | 'away';
  /** The leader wants to be asked before a device joins. */
  readonly askFirst: boolean;
  readonly knocking: readonly Knock[];
  /** In order of joining; `colour` is an index 1..8 that stays with the device. */
  readonly devices: readonly DeviceState[];
  readonly mode: PlanMode;
  readonly rules: PlanRules;
  readonly setAside: readonly SetAside[];
  /** Null on devices that do not lead. */
  readonly audits: AuditCounts | null;
  readonly model: ModelState;
  readonly plan: PlanView | null;
  /** What the leader is busy with between plans. */
  readonly preparing: Progress | null;
  readonly requests: readonly RequestView[];
  /** Newest first, at most 200. */
  readonly log: readonly LogEntry[];
  /** For the log: the plan that ran last, and what has become of it. */
  readonly lastRun: LastRun | null;
  /** Things a person should know now, newest last; dismissed by id. */
  readonly notices: readonly Notice[];
}

export type SessionPhase =
  | { readonly kind: 'opening' }
  | { readonly kind: 'knocking' }
  | { readonly kind: 'open' }
  /** The leader's page is gone for now; the room waits for it. */
  | { readonly kind: 'leaderless' }
  /** Final: wrong secret, unknown room, full, denied, left, replaced by another tab. */
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly message: string };

export type EndReason =
  | 'wrong-secret'
  | 'no-such-room'
  | 'room-full'
  | 'denied'
  | 'left'
  | 'replaced'
  | 'insecure'
  | 'protocol';

/**
 * `fastest`: the plan with the least latency. `most`: the one with the most answers a second when many are asked for.
 * `everyone`: every device holds a stage, even in time. `everyMs`: a point between the first two, the least latency
 * among the plans that give an answer at least this often.
 */
export type PlanMode = 'fastest' | 'most' | 'everyone' | { readonly everyMs: number };

/** What a person lays down for every plan, whatever the mode. */
export interface PlanRules {
  /** Devices that must take part, if the model can be cut for all of them. */
  readonly pinnedIn: readonly PeerId[];
  /** Devices that must not. */
  readonly pinnedOut: readonly PeerId[];
  /** The first and the last layers stay with the leader, so that raw input and result never leave it. */
  readonly endsAtHome: boolean;
  /** A device on battery below this charge, 0..1, holds nothing; 0 for no such limit. */
  readonly batteryFloor: number;
  /** The share of runs that another device computes again, 0..1; {@link AUDIT_RATE} where left out. */
  readonly auditRate?: number;
}

/** One run in a hundred is computed again. */
export const AUDIT_RATE = 0.01;

/** A device that holds nothing because its results were wrong, until the leader lets it in again. */
export interface SetAside {
  readonly peer: PeerId;
  /** As it was called then. */
  readonly name: string;
  readonly evidence: AuditEvidence;
}

/** What showed that a device computes wrongly. */
export interface AuditEvidence {
  readonly epoch: Epoch;
  /** Blocks [start, end) of the stage. */
  readonly start: number;
  readonly end: number;
  /** Who asked, and the number of the request there. */
  readonly origin: PeerId;
  readonly request: RequestId;
  /** The largest difference as a share of the number and of what is usual there; null where the two cannot be compared. */
  readonly difference: number | null;
  /** What rounding alone explains between these devices. */
  readonly tolerance: number;
  /** Names of the devices that computed it again and agree. */
  readonly recomputedBy: readonly string[];
  /** So many runs in a row were wrong by a bit or so, on devices that compute the same bits; 1 where one was wrong by more. */
  readonly times: number;
  /** So long ago, when it was found, a run of this device was last known to be right. */
  readonly uncheckedMs: number;
}

/** What the leader's audits have come to. */
export interface AuditCounts {
  readonly checked: number;
  /** There was nobody with memory to compute them again, or the device that should have did not answer. */
  readonly skipped: number;
  /** Devices disagreed, and there was no third to decide. */
  readonly undecided: number;
}

export interface Knock {
  readonly peer: PeerId;
  readonly name: string;
  readonly at: number;
}

export interface Progress {
  /** What is happening, in words a newcomer understands: "Measuring this device". */
  readonly step: string;
  /** 0..1, or null where it cannot be known. */
  readonly fraction: number | null;
  readonly bytesDone?: number;
  readonly bytesTotal?: number;
  /** At the rate of the last seconds. */
  readonly secondsLeft?: number;
}

/** What a device says of itself to all others. */
export interface DeviceCard {
  readonly peer: PeerId;
  readonly name: string;
  readonly browser: string;
  readonly platform: string;
  readonly form: 'phone' | 'tablet' | 'computer' | 'server';
  readonly status: 'measuring' | 'ready' | 'refused';
  /** Present while measuring. */
  readonly progress: Progress | null;
  /** Why it may not hold layers: the self-test's expected and actual, out of memory, … */
  readonly refusal: string | null;
  readonly profile: DeviceProfile | null;
  /** True while the tab is in the background. */
  readonly hidden: boolean;
  /**
   * What the leader left for whoever leads next, if all of it is here: its key. On the leader's own card: if others
   * have all of it, and of all weights.
   */
  readonly heir?: string;
  /** Absent where the browser does not tell. */
  readonly battery?: Battery;
  /** How hot the system says it is; absent while it says nothing, or nominal. */
  readonly pressure?: 'fair' | 'serious' | 'critical';
}

export interface Battery {
  /** 0..1 */
  readonly charge: number;
  readonly charging: boolean;
}

/** What a device measured of itself. */
export interface DeviceProfile {
  readonly provider: Provider;
  readonly threads: number;
  /** Bundle of ONNX Runtime Web in use; facts.md A2. */
  readonly runtime: 'wasm' | 'jspi' | 'asyncify' | 'node';
  /** Median time of the bundled network on the chosen provider, batch of 16 images, in ms. */
  readonly benchMs: number;
  /** The same for each provider tried; null when it failed or was too slow to finish. */
  readonly tried: readonly {
    readonly provider: Provider;
    readonly benchMs: number | null;
    readonly why: string | null;
  }[];
  /** Bytes this device may hold in weights, state and workspace: what the runtime takes besides is already off. */
  readonly memoryBytes: number;
  /** The largest single tensor that its GPU takes; absent where there is no such limit. */
  readonly largestTensorBytes?: number;
  /** Computing that a byte costs on its way over a data channel, at one end, in ms; absent where it was not measured. */
  readonly packMsPerByte?: number;
  /** The same for each message, whatever its size. */
  readonly packMsPerMessage?: number;
  /** GPU adapter description, or null. */
  readonly adapter: string | null;
}

export interface DeviceState {
  readonly card: DeviceCard;
  readonly colour: number;
  readonly joinedAt: number;
  readonly link: LinkView;
  readonly load: LoadReport;
  /** The last 60 load reports, oldest first. */
  readonly history: readonly LoadReport[];
  /** While its layers travel or load. */
  readonly loading: Progress | null;
}

/** A device's place in the leader's order, the same on every screen. `colour` is 1..8 and stays with the device. */
export interface Seat {
  readonly peer: PeerId;
  readonly colour: number;
}

/** How this page reaches the device. */
export interface LinkView {
  /** `turn`: through a TURN server; `relayed`: through the signaling server. */
  readonly kind: 'self' | 'connecting' | 'direct' | 'turn' | 'relayed' | 'lost';
  readonly rttMs: number | null;
  readonly mbitPerSec: number | null;
}

/** Sent by each device to all others once a second. */
export interface LoadReport {
  readonly at: number;
  /** Share of the last second spent computing, 0..1. */
  readonly busy: number;
  /** Median time of its stage over the last items, in ms; null before the first. */
  readonly msPerItem: number | null;
  readonly queue: number;
  readonly items: number;
  /** Bytes of activations and weights since joining. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Total milliseconds spent computing since joining. */
  readonly busyMs: number;
  /** Of the worker that runs its stage: heap and buffers. */
  readonly memoryBytes: number;
  /** The most that any of its workers has taken since it joined. */
  readonly peakMemoryBytes: number;
  /** How its stages of the running plan have kept up lately; absent before the first item. */
  readonly paces?: readonly StagePace[];
  /** Sequences whose states it keeps; absent for none. */
  readonly sequences?: number;
}

/** Median over the last items: how long one occupies the device, the way to the worker and back included. */
export interface StagePace {
  readonly epoch: Epoch;
  readonly stage: number;
  readonly ms: number;
  /** All that have passed through. */
  readonly items: number;
}

export type ModelState =
  | { readonly kind: 'none' }
  | { readonly kind: 'opening'; readonly name: string; readonly progress: Progress }
  | { readonly kind: 'ready'; readonly card: ModelCard }
  | { readonly kind: 'failed'; readonly name: string; readonly step: string; readonly message: string };

/** What every device in the room knows of the model. */
export interface ModelCard {
  readonly name: string;
  readonly about: string;
  readonly source: 'bundled' | 'file' | 'url';
  readonly bytes: number;
  readonly weightBytes: number;
  readonly nodes: number;
  /** Blocks between usable cuts: "layers" in the page. 1 when it cannot be cut. */
  readonly blocks: number;
  /** Why it cannot be cut, or null. */
  readonly uncuttable: string | null;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  /** Inputs and outputs that a sequence leaves out, as the devices keep them between its runs; absent where there are none. */
  readonly states?: readonly StateSlot[];
  /** How runs of a decoder may be put together; absent for every other model. */
  readonly runs?: RunTraits;
  /** Value of each symbolic dimension in use. */
  readonly dims: Readonly<Record<string, number>>;
  readonly task: ModelTask;
  /** What the model accepts where nothing says how it is fed, found by trying. */
  readonly guess?: Guess;
  /** How the model is talked to; absent for one that does not write, or whose tokeniser is not beside it. */
  readonly language?: LanguageCard;
  /** How a text becomes its tokens where the model makes vectors of texts; absent for every other model. */
  readonly encoder?: Pick<LanguageCard, 'files' | 'contextTokens'>;
}

/** What a device needs of a model that writes, beside its layers. */
export interface LanguageCard {
  /** The model's own files for tokens and talk, which the leader has. */
  readonly files: readonly LanguageFile[];
  /** Tokens that a text can have, prompt and answer together. */
  readonly contextTokens: number;
  /** Each of them ends a text. */
  readonly stopTokens: readonly number[];
  /** How its makers want words to be chosen, as far as they say. */
  readonly sampling?: Partial<Omit<SamplingOptions, 'seed'>>;
  /** Beginnings to try, for a person who has none. */
  readonly starters?: readonly string[];
}

export interface LanguageFile {
  /** As beside the model: "tokenizer.json". */
  readonly name: string;
  readonly pieces: readonly FilePiece[];
}

/** A part of a file, by what its bytes hash to. */
export interface FilePiece {
  readonly hash: Sha256;
  readonly length: number;
}

export type ModelTask =
  | { readonly kind: 'draw-digit'; readonly preprocess: ImagePreprocess; readonly labels: readonly string[] }
  | {
      readonly kind: 'classify-image';
      readonly preprocess: ImagePreprocess;
      readonly labels: readonly string[];
    }
  /** Anything else: fed with seeded random tensors or files. */
  | { readonly kind: 'tensors' };

/** pixel / value -> (pixel * scale - mean) / std, per channel in the order of `channels`. */
export interface ImagePreprocess {
  readonly input: string;
  readonly width: number;
  readonly height: number;
  readonly layout: 'NCHW' | 'NHWC';
  readonly channels: 'RGB' | 'BGR' | 'gray';
  /** Applied to 0..255 pixels first; 1 or 1/255. */
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** `stretch` ignores the aspect ratio, `cover` crops the centre, `fit` pads. */
  readonly resize: 'stretch' | 'cover' | 'fit';
}

/** A plan as everybody sees it. */
export interface PlanView {
  readonly epoch: Epoch;
  readonly mode: PlanMode;
  readonly blocks: number;
  readonly stages: readonly StageView[];
  readonly predictedLatencyMs: number;
  /** Slowest stage or transfer: the time between results when many are in flight. */
  readonly predictedPeriodMs: number;
  /** The fastest single device that can hold the model, and its latency; null when none can. */
  readonly alone: { readonly peer: PeerId; readonly latencyMs: number } | null;
  readonly optimal: boolean;
  /** How far above the certified lower bound of its aim the plan is at most: 0.07 is 7 %; 0 when it is optimal. */
  readonly gap?: number;
  /** Devices that hold nothing, and why, in words. */
  readonly leftOut: readonly { readonly peer: PeerId; readonly reason: string }[];
  /** The best trades between latency and period, least latency first; each is the best plan for somebody. */
  readonly front?: readonly FrontPoint[];
  readonly whatIf?: readonly WhatIf[];
  /** Blocks whose time was computed from others of their kind, as no device could hold or run them. */
  readonly estimatedBlocks?: number;
  /** How the plan stands by what is measured now, against the best plan for the room as it is now; of the mode's aim. */
  readonly now?: { readonly presentMs: number; readonly bestMs: number };
  /** Why it replaced the plan before, as a sentence; absent for a first plan. */
  readonly because?: string;
  /** `loading` until every stage is ready. */
  readonly status: 'loading' | 'running';
}

export interface FrontPoint {
  readonly latencyMs: number;
  readonly periodMs: number;
  readonly devices: number;
}

/** What the room would be like otherwise. `factor`: time of the plan's aim then, over now; above 1 is slower. */
export type WhatIf =
  | { readonly kind: 'without'; readonly peer: PeerId; readonly factor: number | null }
  /** One more device like this one, linked as well as it is. */
  | { readonly kind: 'another'; readonly peer: PeerId; readonly factor: number };

export interface StageView {
  readonly peer: PeerId;
  /** More devices that hold the same blocks: items are shared among `peer` and them by speed. */
  readonly copies?: readonly StageCopy[];
  /** Blocks [start, end). */
  readonly start: number;
  readonly end: number;
  readonly weightBytes: number;
  /** Weights, state and workspace. */
  readonly memoryBytes?: number;
  /** Bytes that leave this stage for the next (or for home). */
  readonly sendsBytes: number;
  /** On `peer`, for one item. */
  readonly predictedMs: number;
  /** How single runs on `peer` varied when it measured; absent where it has not. */
  readonly spread?: Spread;
  /** So many of these blocks `peer` did not time: too large for it, or not yet. Absent for none. */
  readonly estimatedBlocks?: number;
}

export interface StageCopy {
  readonly peer: PeerId;
  readonly predictedMs: number;
}

export interface StageTiming {
  readonly stage: number;
  readonly computeMs: number;
  readonly queueMs: number;
}

export interface RequestView {
  readonly id: number;
  readonly label: string;
  readonly status: 'waiting' | 'running' | 'done' | 'failed';
  readonly askedAt: number;
  /** From the entry into the chain to the answer; null before that. */
  readonly latencyMs: number | null;
  /** Of the plan that answered; null before that. */
  readonly epoch: Epoch | null;
  readonly stages: readonly StageTiming[];
  readonly message: string | null;
}

export interface LogEntry {
  readonly id: number;
  readonly at: number;
  /** The device the line is about: its colour marks the line. */
  readonly peer: PeerId | null;
  /** The beginning in bold: "Pixel 8 joined." */
  readonly what: string;
  /** The rest: "through the relay". */
  readonly more: string;
  readonly tone: 'calm' | 'good' | 'warn' | 'bad';
}

export interface LastRun {
  readonly plan: PlanView;
  /** Of its holders and of those before, who may be gone when the next plan comes. */
  readonly names: Readonly<Record<PeerId, string>>;
  /** The first of them that was lost since. */
  readonly lost: { readonly peer: PeerId; readonly name: string; readonly at: number } | null;
}

export interface Notice {
  readonly id: number;
  readonly tone: 'info' | 'warn' | 'bad';
  /** The step that failed or the thing that happened, then what to do. */
  readonly message: string;
}
