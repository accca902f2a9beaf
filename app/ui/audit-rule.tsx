import type { VNode } from 'preact';
import { AUDIT_RATE } from '../../core/session/state.ts';
import { auditWords } from './aside-words.ts';
import { percent } from './format.ts';
import type { PanelProps } from './plan-panels.tsx';

const RATES = [0, 0.01, 0.02, 0.05, 0.1, 1] as const;

/** How many results another device computes again. */
export function AuditRule({ state, actions }: Pick<PanelProps, 'state' | 'actions'>): VNode {
  const { rules, audits } = state;
  const rate = rules.auditRate ?? AUDIT_RATE;
  const rates = [...new Set([...RATES, rate])].sort((a, b) => a - b);
  return (
    <>
      <label class="rule-line">
        <span>Results that another device checks</span>
        <select
          value={String(rate)}
          aria-describedby="rule-audits"
          onChange={({ currentTarget: { value } }) =>
            actions.setRules({ ...rules, auditRate: Number(value) })
          }
          data-testid="rule-audits"
        >
          {rates.map((each) => (
            <option key={each} value={String(each)}>
              {each === 0 ? 'none' : percent(each)}
            </option>
          ))}
        </select>
      </label>
      <p class="soft" id="rule-audits">
        A device whose results are wrong is set aside, and what is open is asked again.{' '}
        {audits && auditWords(audits)}
      </p>
    </>
  );
}
