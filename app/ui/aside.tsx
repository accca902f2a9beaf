import type { VNode } from 'preact';
import type { AuditEvidence } from '../../core/session/state.ts';
import { asideDetails, asideWords } from './aside-words.ts';

/** In the place of a device's work: that its results were wrong, and how that was found. */
export function Aside({ evidence }: { readonly evidence: AuditEvidence }): VNode {
  return (
    <div class="work refused" data-testid="device-aside" title={asideDetails(evidence)}>
      <b>Set aside: its results were wrong</b>
      <span>{asideWords(evidence)}</span>
    </div>
  );
}
