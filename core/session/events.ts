import type { Epoch, PeerId, RoomId } from '../ids.ts';
import type {
  AuditCounts,
  DeviceCard,
  EndReason,
  LinkView,
  LoadReport,
  ModelState,
  Notice,
  PlanMode,
  PlanRules,
  PlanView,
  Progress,
  Seat,
  SessionState,
  SetAside,
  StageTiming,
} from './state.ts';

/** What happened, in the past tense. `at` is epoch milliseconds, given by whoever saw it happen. */
export type SessionEvent =
  | { readonly type: 'RoomChosen'; readonly room: RoomId; readonly link: string; readonly me: PeerId }
  | { readonly type: 'ServerChanged'; readonly server: SessionState['server']; readonly at: number }
  | { readonly type: 'AdmissionAwaited' }
  | { readonly type: 'RoomEntered'; readonly leader: PeerId; readonly at: number }
  | { readonly type: 'LeaderLost'; readonly at: number }
  | { readonly type: 'SessionEnded'; readonly reason: EndReason; readonly message: string }
  | { readonly type: 'AskFirstChanged'; readonly value: boolean }
  | { readonly type: 'KnockHeard'; readonly peer: PeerId; readonly name: string; readonly at: number }
  | { readonly type: 'KnockAnswered'; readonly peer: PeerId }
  | { readonly type: 'CardChanged'; readonly card: DeviceCard; readonly at: number }
  | { readonly type: 'LinkChanged'; readonly peer: PeerId; readonly link: LinkView; readonly at: number }
  | { readonly type: 'SeatsChanged'; readonly seats: readonly Seat[] }
  | { readonly type: 'PeerLeft'; readonly peer: PeerId; readonly reason: string; readonly at: number }
  /** An answer came again after a device that held layers was lost: all in ms, as in `runtime/recovery-watch.ts`. */
  | {
      readonly type: 'RoomRecovered';
      readonly peer: PeerId;
      readonly noticeMs: number | null;
      readonly planMs: number;
      readonly loadMs: number;
      readonly answerMs: number;
      readonly redone: number;
      readonly at: number;
    }
  | { readonly type: 'LoadReported'; readonly peer: PeerId; readonly load: LoadReport }
  | { readonly type: 'StageProgressed'; readonly peer: PeerId; readonly progress: Progress | null }
  | { readonly type: 'ModelChanged'; readonly model: ModelState; readonly at: number }
  | { readonly type: 'ModeChanged'; readonly mode: PlanMode }
  | { readonly type: 'RulesChanged'; readonly rules: PlanRules }
  | { readonly type: 'AsideChanged'; readonly setAside: readonly SetAside[]; readonly at: number }
  | { readonly type: 'AuditsCounted'; readonly audits: AuditCounts | null }
  | { readonly type: 'PlanChanged'; readonly plan: PlanView | null; readonly at: number }
  | { readonly type: 'PreparationChanged'; readonly preparing: Progress | null }
  | { readonly type: 'RequestAsked'; readonly id: number; readonly label: string; readonly at: number }
  | {
      readonly type: 'RequestAnswered';
      readonly id: number;
      readonly latencyMs: number;
      readonly epoch: Epoch;
      readonly stages: readonly StageTiming[];
    }
  | { readonly type: 'RequestFailed'; readonly id: number; readonly message: string; readonly at: number }
  | {
      readonly type: 'NoticeRaised';
      readonly tone: Notice['tone'];
      readonly message: string;
      readonly at: number;
    }
  | { readonly type: 'NoticeDismissed'; readonly id: number };
