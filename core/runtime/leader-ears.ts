import type { PeerId } from '../ids.ts';
import type { AuditFrame } from '../protocol/audit-frame.ts';
import type { ControlMessage, HeldPiece, LinkReport, PartsMeasured } from '../protocol/messages.ts';
import type { DeviceCard, LoadReport } from '../session/state.ts';

/** What the leader's part of a page hears of the messages meant for it. */
export interface LeaderEars {
  /** A device follows this one. */
  peerUp(peer: PeerId): void;
  peerDown(peer: PeerId): void;
  cardChanged(card: DeviceCard): void;
  linksReported(peer: PeerId, links: readonly LinkReport[]): void;
  loadReported(peer: PeerId, load: LoadReport): void;
  stageReady(peer: PeerId, epoch: number, stage: number): void;
  stageFailed(peer: PeerId, epoch: number, stage: number, step: string, message: string): void;
  stageProgress(peer: PeerId, epoch: number): void;
  partsMeasured(peer: PeerId, message: PartsMeasured): void;
  piecesHeld(peer: PeerId, model: string, pieces: readonly HeldPiece[]): void;
  pieceCorrupt(model: string, id: number, from: PeerId): void;
  turnWanted(peer: PeerId, ticket: number, held: boolean): void;
  turnEnded(peer: PeerId, ticket: number): void;
  auditFrame(peer: PeerId, frame: AuditFrame): void;
  recomputeRefused(peer: PeerId, ticket: number): void;
}

/** What devices tell the leader alone. */
export type ForLeader = Extract<
  ControlMessage,
  {
    type:
      | 'links'
      | 'stage-ready'
      | 'stage-failed'
      | 'pieces-held'
      | 'piece-corrupt'
      | 'parts-measured'
      | 'want-turn'
      | 'end-turn'
      | 'recompute-refused';
  }
>;

export function hear(ears: LeaderEars, peer: PeerId, message: ForLeader): void {
  switch (message.type) {
    case 'links':
      ears.linksReported(peer, message.links);
      break;
    case 'stage-ready':
      ears.stageReady(peer, message.epoch, message.stage);
      break;
    case 'stage-failed':
      ears.stageFailed(peer, message.epoch, message.stage, message.step, message.message);
      break;
    case 'pieces-held':
      ears.piecesHeld(peer, message.model, message.pieces);
      break;
    case 'piece-corrupt':
      ears.pieceCorrupt(message.model, message.id, message.from);
      break;
    case 'parts-measured':
      ears.partsMeasured(peer, message);
      break;
    case 'want-turn':
      ears.turnWanted(peer, message.ticket, message.held);
      break;
    case 'end-turn':
      ears.turnEnded(peer, message.ticket);
      break;
    case 'recompute-refused':
      ears.recomputeRefused(peer, message.ticket);
      break;
  }
}
