import type { BoundaryTensor } from '../graph/shard.types.ts';
import type { Epoch, PeerId, RequestId, Sha256 } from '../ids.ts';
import type { Batching } from '../language/batching.ts';
import type { Spread } from '../plan/profile.ts';
import type { StageHolder } from '../session/holders.ts';
import type {
  DeviceCard,
  FilePiece,
  LoadReport,
  ModelCard,
  PlanMode,
  PlanRules,
  PlanView,
  Progress,
  Seat,
  SetAside,
} from '../session/state.ts';
import type { SpanTable } from '../trace/trace-parts.ts';
import type { OriginCard } from './origin-card.ts';

/**
 * Control messages between peers: one union, JSON over a Link, checked in `parse.ts`, the only door.
 * Tensors and weights never travel here: see `frame.ts` and `piece-frame.ts`.
 */
export type ControlMessage =
  /** First on every link, and again whenever the card changes. */
  | { readonly type: 'card'; readonly card: DeviceCard }
  /** Once a second while something changes. */
  | { readonly type: 'load'; readonly load: LoadReport }
  /** What this device measured of its links: to the leader, for the plan. */
  | { readonly type: 'links'; readonly links: readonly LinkReport[] }
  /** From the leader, to each new peer and on change. */
  | { readonly type: 'model'; readonly model: ModelCard | null }
  | {
      readonly type: 'room';
      readonly mode: PlanMode;
      readonly rules: PlanRules;
      readonly plan: PlanView | null;
      readonly preparing: Progress | null;
      readonly seats: readonly Seat[];
      /** Absent for none. */
      readonly setAside?: readonly SetAside[];
    }
  /** Leader to the holder of a stage, which then gathers its pieces. */
  | LoadStage
  /** Leader to a device: how long do these parts of the model take you? Their weights are not fetched for that. */
  | MeasureParts
  | PartsMeasured
  /** To any device: send me these pieces. A `piece-frame` or `piece-refused` answers each ticket. */
  | { readonly type: 'want-pieces'; readonly pieces: readonly WantedPiece[] }
  | { readonly type: 'piece-refused'; readonly ticket: number; readonly reason: string }
  /** Leader to everybody: who has any of these from an earlier visit? `pieces-held` answers. */
  | { readonly type: 'pieces-sought'; readonly model: string; readonly pieces: readonly HeldPiece[] }
  /** To the leader: these can be had from here. */
  | { readonly type: 'pieces-held'; readonly model: string; readonly pieces: readonly HeldPiece[] }
  /** Leader to a holder: news of pieces that it awaits. */
  | { readonly type: 'pieces-told'; readonly model: string; readonly pieces: readonly ToldPiece[] }
  /** Holder to leader: `from` sent bytes that are not what they should be. */
  | { readonly type: 'piece-corrupt'; readonly model: string; readonly id: number; readonly from: PeerId }
  /** Holder to everybody while its stage arrives and loads; null at the end. */
  | { readonly type: 'stage-progress'; readonly epoch: Epoch; readonly progress: Progress | null }
  /** Holder to leader. */
  | { readonly type: 'stage-ready'; readonly epoch: Epoch; readonly stage: number }
  | {
      readonly type: 'stage-failed';
      readonly epoch: Epoch;
      readonly stage: number;
      readonly step: string;
      readonly message: string;
    }
  /** To whoever asked. */
  | {
      readonly type: 'request-failed';
      readonly epoch: Epoch;
      readonly request: RequestId;
      readonly step: string;
      readonly message: string;
    }
  /** A holder to everybody: a link between two holders of this plan ended, and what was on it is lost. */
  | { readonly type: 'hop-broken'; readonly epoch: Epoch }
  /** Whoever asked to everybody: no run of this sequence will come any more. */
  | { readonly type: 'end-sequence'; readonly sequence: number }
  /** To the leader: a text waits to be written. `held`: it was allowed before. */
  | { readonly type: 'want-turn'; readonly ticket: number; readonly held: boolean }
  /** From the leader. 0: go; n: n-th in line; null: the line is full. */
  | { readonly type: 'turn'; readonly ticket: number; readonly place: number | null }
  /** To the leader: the text is written, or not wanted any more. */
  | { readonly type: 'end-turn'; readonly ticket: number }
  /** Leader to everybody: what it would take to lead in its place, as pieces that it has. */
  | Legacy
  /** Leader to one device: keep these too, so that they are not lost with this one. `pieces-held` answers. */
  | {
      readonly type: 'spare-pieces';
      readonly model: string;
      readonly label: string;
      readonly pieces: readonly SparePiece[];
    }
  /** Leader to everybody: of which runs it wants copies. */
  | AuditTerms
  /** Leader to a device: the `task` of this ticket is to be run by this stage, from scratch. A `made` answers. */
  | {
      readonly type: 'recompute';
      readonly ticket: number;
      /** As in `LoadOptions`; null: as the device would have it. */
      readonly prepack: boolean | null;
      readonly terms: LoadStage;
    }
  | { readonly type: 'recompute-refused'; readonly ticket: number; readonly reason: string }
  | LeadershipMessage
  /** To any device: what have you noted of your work? `trace-part`s with this ticket answer, all at once or not at all. */
  | { readonly type: 'trace-wanted'; readonly ticket: number }
  | TracePart
  | { readonly type: 'goodbye'; readonly reason: string };

/** Who leads: see `runtime/leadership.ts`. */
export type LeadershipMessage =
  /** Whom the sender follows, or that it leads itself; null while it knows of nobody who is here. */
  | {
      readonly type: 'office';
      readonly term: number;
      readonly leader: PeerId | null;
      /** Of a leader: how many said that they follow it. */
      readonly followers: number;
    }
  /** The sender would take the leader's place. `leader-seen` answers. */
  | { readonly type: 'leader-missed'; readonly term: number; readonly leader: PeerId }
  | { readonly type: 'leader-seen'; readonly term: number; readonly seen: boolean };

/** A part of what a device noted of its work: times, names and sizes, never values. */
export interface TracePart {
  readonly type: 'trace-part';
  readonly ticket: number;
  /** Which part this is, of how many. */
  readonly part: number;
  readonly parts: number;
  readonly spans: SpanTable;
}

export interface AuditTerms {
  readonly type: 'audit-terms';
  /** Of this plan, which has so many stages. */
  readonly epoch: Epoch;
  readonly stages: number;
  readonly rate: number;
  /** For runs of a device that itself sent the input, or itself gets the output. */
  readonly own: number;
  /** Of each holder but the one who is told: what chooses the runs of which it must not know. */
  readonly secrets: readonly { readonly peer: PeerId; readonly secret: number }[];
}

export interface Legacy {
  readonly type: 'legacy';
  /** Tells one from another. */
  readonly key: string;
  /** The model's name, under which it is kept. */
  readonly label: string;
  readonly pieces: readonly FilePiece[];
}

export interface SparePiece extends HeldPiece {
  readonly length: number;
  /** Who has it, the leader or another device. */
  readonly holders: readonly PeerId[];
}

/** A link as a device measured it in the direction in which it sends. */
export interface MeasureParts {
  readonly type: 'measure-parts';
  readonly model: string;
  /** What was measured on an earlier visit does not count. */
  readonly fresh: boolean;
  /** Terms as of stages, without pieces. */
  readonly parts: readonly LoadStage[];
}

export interface PartsMeasured {
  readonly type: 'parts-measured';
  readonly model: string;
  /** Median time of each part; null for one that did not fit, failed, or for which there was no time. */
  readonly ms: readonly (number | null)[];
  /** What a run takes besides: the way to the worker and back. */
  readonly perItemMs: number;
  /** How single runs varied. */
  readonly spread: Spread;
}

export interface LinkReport {
  readonly peer: PeerId;
  readonly rttMs: number;
  /** What a message of no bytes takes, from `send` to its arrival; absent while only the round trip is known. */
  readonly delayMs?: number;
  /** What each further bit takes. */
  readonly mbitPerSec: number;
  /** The same of messages that follow each other; absent where no large ones were tried. */
  readonly steadyMbitPerSec?: number;
}

/** A request for one piece; `ticket` is the asker's number for it. */
export interface WantedPiece {
  readonly ticket: number;
  readonly hash: Sha256;
}

export interface HeldPiece {
  /** Its number within the model. */
  readonly id: number;
  readonly hash: Sha256;
}

export interface ToldPiece {
  readonly id: number;
  /** Null: nobody has it any more; fetch it from the origin. */
  readonly hash: Sha256 | null;
  readonly holders: readonly PeerId[];
}

/** A tensor of the kind that a stage is fed. */
export interface TensorSample {
  readonly dims: readonly number[];
  /** Its bytes where they are few and integers, which may be shapes and steer the work; else any values do. */
  readonly bytes: readonly number[] | null;
}

/** A piece of weights that a stage needs, and where it may come from. */
export interface StagePiece {
  /** Its number within the model. */
  readonly id: number;
  readonly length: number;
  /** What its bytes hash to; null while nobody in the room has had them. */
  readonly hash: Sha256 | null;
  /** Where it lies at the origin: `file` is an index into the card's files. Null without an origin. */
  readonly at: { readonly file: number; readonly offset: number } | null;
  /** Devices that have it. */
  readonly holders: readonly PeerId[];
  /** Another device fetches it from the origin right now: word of it will come. */
  readonly awaited: boolean;
}

/** What a stage keeps between the runs of a sequence, and what therefore does not travel. By the tensors' names. */
export interface KeptTerms {
  /** `initial`: shape before the first run, filled with zeros. */
  readonly states: readonly {
    readonly input: string;
    readonly output: string;
    readonly initial: readonly number[];
  }[];
  /** Of `receives` and of `sends`: left out in a sequence. */
  readonly unreceived: readonly string[];
  readonly unsent: readonly string[];
}

export interface LoadStage {
  readonly type: 'load-stage';
  readonly epoch: Epoch;
  /** Index of this stage in the plan. */
  readonly stage: number;
  /** The holders of each stage, in order, so that activations go straight to the next. */
  readonly holders: readonly (readonly StageHolder[])[];
  /** Names the model within this room, for messages about its pieces. */
  readonly model: string;
  /** The model's name for people, under which its pieces are stored. */
  readonly label: string;
  /** SHA-256 of the stage's small ONNX model, which names its whole content, and its pieces, which the leader has. */
  readonly shard: Sha256;
  readonly graph: readonly FilePiece[];
  /** The holder loaded this very stage before and still runs it: nothing is fetched. */
  readonly reuse: boolean;
  /** What this device holds under the plan before goes on until this plan runs: there is memory for both. */
  readonly alongside: boolean;
  /** The pack, in order. */
  readonly pieces: readonly StagePiece[];
  readonly origin: OriginCard | null;
  readonly inputs: readonly BoundaryTensor[];
  readonly outputs: readonly BoundaryTensor[];
  readonly receives: readonly BoundaryTensor[];
  readonly sends: readonly BoundaryTensor[];
  /** Absent where no device keeps any state of the model. */
  readonly kept?: KeptTerms;
  /** The last stage of a decoder: which of `sends` says how likely each word is to come next. */
  readonly scores?: string;
  /** How this decoder's steps of several texts become one run; absent where each runs by itself. */
  readonly batching?: Batching;
  /** Each input as measured, to run once before the first item; empty when not known. */
  readonly warmUp: readonly TensorSample[];
}
