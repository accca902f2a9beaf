/** One report of RTC's statistics; other fields are of no interest here. */
interface Report {
  readonly id?: unknown;
  readonly type?: unknown;
  readonly selectedCandidatePairId?: unknown;
  readonly selected?: unknown;
  readonly nominated?: unknown;
  readonly state?: unknown;
  readonly localCandidateId?: unknown;
  readonly remoteCandidateId?: unknown;
  readonly candidateType?: unknown;
}

/**
 * Whether the pair of candidates in use goes through a TURN server, this side's or the other's; undefined while there
 * is no such pair. The standard names the pair in the report of the transport; Firefox marks the pair itself.
 */
export function isThroughTurn(reports: readonly unknown[]): boolean | undefined {
  const known = reports.filter((report): report is Report => typeof report === 'object' && report !== null);
  const named = known.find(
    ({ type, selectedCandidatePairId }) => type === 'transport' && selectedCandidatePairId,
  );
  const pairs = known.filter(({ type }) => type === 'candidate-pair');
  const pair =
    pairs.find(({ id, selected }) => (named ? id === named.selectedCandidatePairId : selected === true)) ??
    pairs.find(({ nominated, state }) => nominated === true && state === 'succeeded');
  if (!pair) return undefined;
  const ends = [pair.localCandidateId, pair.remoteCandidateId];
  return known.some(({ id, candidateType }) => candidateType === 'relay' && ends.includes(id));
}
