/** Why a mutant may live. A reason that no longer fits any survivor is an error, so the list cannot rot. */
export interface Reason {
  /** From packages/policy/src. */
  readonly file: string;
  /** Part of the line on which the mutation begins. */
  readonly line: string;
  /** The code that is replaced, on one line; all of the line's when left out. */
  readonly from?: string;
  /** What it is replaced by; all when left out. */
  readonly to?: string;
  readonly why: string;
}

export const reasons: readonly Reason[] = [
  {
    file: 'stats/correlation-window.ts',
    line: 'products +=',
    why: 'Equivalent: the distances of the other value from its mean add up to 0, so a constant added to this one changes no sum.',
  },
  {
    file: 'stats/count-window.ts',
    line: 'if (before === bits) return',
    why: 'Equivalent: without this short cut the sums change by 0.',
  },
  {
    file: 'stats/deadline-wheel.ts',
    line: 'new Array(slots)',
    why: 'Equivalent: the length is a hint; an array grows as it is written to.',
  },
  {
    file: 'stats/deadline-wheel.ts',
    line: 'const ticks = Math.min(',
    why: 'Equivalent: it looks into more slots than need be, at most all of them, and takes what is due and nothing else.',
  },
  {
    file: 'stats/deadline-wheel.ts',
    line: 'i < slots',
    why: 'Equivalent: the slot that is looked at once more is the first one, and a minimum does not change by that.',
  },
  {
    file: 'stats/deadline-wheel.ts',
    line: 'const endOfSlot',
    why: 'Equivalent: with an earlier end it looks into more slots before it answers, and finds the same earliest.',
  },
  {
    file: 'stats/deadline-wheel.ts',
    line: 'if (earliest < endOfSlot)',
    why: 'Equivalent: it looks into more slots, or stops at a moment that no later slot comes before.',
  },
  {
    file: 'stats/latency-histogram.ts',
    line: 'at < size - 1',
    why: 'Equivalent: the loop ends inside at the bucket in which the rank is reached, at the latest the last.',
  },
  {
    file: 'stats/latency-histogram.ts',
    line: 'i < size; i++',
    why: 'Equivalent: a typed array ignores what is written beyond its end.',
  },
  {
    file: 'stats/latency-histogram.ts',
    line: 'if (this.count === 0) return;',
    why: 'Equivalent: clearing what is empty leaves it empty.',
  },
  {
    file: 'stats/latency-histogram.ts',
    line: 'if (oldest.count === 0) continue',
    why: 'Equivalent: taking out and clearing nothing changes nothing.',
  },
  {
    file: 'stats/latency-histogram.ts',
    line: 'if (newest > this.#newest)',
    from: 'newest > this.#newest',
    to: 'newest >= this.#newest',
    why: 'Equivalent: it is set to what it is.',
  },
  {
    file: 'stats/latency-histogram.ts',
    line: 'if (ms <= lowestMs)',
    why: 'Equivalent: the logarithm of the lowest itself is that of bucket 0.',
  },
  {
    file: 'stats/latency-histogram.ts',
    line: 'if (ms >= highestMs)',
    why: 'Equivalent: the highest itself lies in the last bucket by its logarithm, and what is written beyond the end is ignored while the walk ends at the last bucket all the same.',
  },
  {
    file: 'stats/lru.ts',
    line: 'node !== this.#newest',
    why: 'Equivalent: the newest entry is taken out and put in as the newest.',
  },
  {
    file: 'stats/rolling-sum.ts',
    line: 'back < length',
    why: 'Equivalent: a sum above 0 lies in one of the buckets, so the loop ends before its bound.',
  },
  {
    file: 'stats/rolling-sum.ts',
    line: 'if (steps <= 0)',
    from: 'steps <= 0',
    to: 'steps < 0',
    why: 'Equivalent: with no step to go, nothing is cleared.',
  },
  {
    file: 'stats/rolling-sum.ts',
    line: 'steps >= this.#counts.length',
    why: 'Equivalent: as many steps as there are buckets clear each of them once.',
  },
  {
    file: 'stats/time-window.ts',
    line: 'if (passed <= 0)',
    why: 'Equivalent: with no bucket passed, nothing moves.',
  },
  {
    file: 'stats/time-window.ts',
    line: 'this.#width * passed < this.#counts.length',
    why: 'Equivalent: going on by all buckets or more one at a time clears all, as clearing them at once does; which of them is the newest makes no difference then.',
  },
  {
    file: 'stats/token-bucket.ts',
    line: 'missing <= 0',
    why: 'Equivalent: nothing missing takes no time.',
  },
  {
    file: 'chaos/chaos.ts',
    line: '} catch {',
    why: 'Equivalent: without the return the function answers undefined, which its readers take for the same: no number, no error, not struck.',
  },
  {
    file: 'pipeline/order.ts',
    line: 'names.lastIndexOf(outer)',
    why: 'Equivalent: no rule has the same name on both sides, so the two places are never one.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: 'const call = outer === options',
    from: 'outer === options',
    to: 'true',
    why: 'Equivalent: a root that was just made is nobody else’s, so the call around it is one object more.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: 'let i = policies.length',
    why: 'Equivalent: at 0 there is neither a gate nor a driver above, and what has been linked is returned.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: 'if (isEnclosing(driver))',
    why: 'Equivalent in what happens: the driver and the gates around it are linked stage by stage, which costs an await more each. Speed is for the bench.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: 'while (start > 0',
    why: 'Equivalent in what happens: gates that are not found here are linked one by one through their own execute, or the place before the first is asked and is no gate. Speed is for the bench.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: 'return gates.length === 0',
    why: 'Equivalent: a passage through no gates admits, and leaves nothing.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: "'tryAcquire' in policy",
    why: 'Equivalent in what happens: a gate that is not known for one is linked as a driver, by its own execute. Speed is for the bench.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: 'function isGate',
    why: 'Equivalent in what happens: a gate that is not known for one is linked as a driver, by its own execute. Speed is for the bench.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: 'function isEnclosing',
    why: 'Equivalent in what happens: the driver and the gates around it are linked stage by stage. Speed is for the bench.',
  },
  {
    file: 'pipeline/pipeline.ts',
    line: "'executeBetween' in policy",
    why: 'Equivalent in what happens: the driver and the gates around it are linked stage by stage. Speed is for the bench.',
  },
  {
    file: 'pipeline/registry.ts',
    line: 'if (call.hasOrphans)',
    why: 'Equivalent: `afterOrphans` runs at once where there are none.',
  },
  {
    file: 'pipeline/standard.ts',
    line: 'settings.classify === undefined',
    why: 'Equivalent: an option that is there and undefined counts as left out.',
  },
  {
    file: 'fallback/fallback.ts',
    line: 'if (said !== true) hush(said)',
    why: 'Equivalent: `hush` takes anything, and does nothing with `true`; what is not `true` and not hushed is a promise only where the next line still says no.',
  },
  {
    file: 'fallback/fallback.ts',
    line: '} catch {',
    why: 'Equivalent: without the return the function answers undefined, which says no as well.',
  },
  {
    file: 'fallback/options.ts',
    line: "if (typeof value === 'function') return true",
    why: 'Equivalent: the next line says the same of whatever is no object.',
  },
  {
    file: 'coalesce/coalesce.ts',
    line: 'call.deadline !== Number.POSITIVE_INFINITY',
    why: 'Equivalent: no clock reaches infinity; the check only saves reading it.',
  },
  {
    file: 'coalesce/coalesce.ts',
    line: 'within !== undefined',
    why: 'Equivalent: no flight waits for undefined.',
  },
  {
    file: 'coalesce/flight.ts',
    line: 'if (call.deadline > this.deadline)',
    why: 'Equivalent: it is set to what it is.',
  },
  {
    file: 'coalesce/flight.ts',
    line: 'if (call.cancellable)',
    why: 'Equivalent: what cannot be cancelled never calls; the check only saves the subscription.',
  },
  {
    file: 'coalesce/waiting.ts',
    line: 'if (at >= 0)',
    why: 'Equivalent: each flight that is left was entered, and once.',
  },
  {
    file: 'bulkhead/bulkhead.ts',
    line: 'if (!this.#room.remove(entry)) return',
    why: 'Equivalent: who is no longer in the room has been answered, and a promise is settled once.',
  },
  {
    file: 'bulkhead/bulkhead.ts',
    line: '#queueLimits: readonly number[] = []',
    why: 'Equivalent: the constructor sets it before anybody reads it.',
  },
  {
    file: 'bulkhead/bulkhead.ts',
    line: '#noRoom: readonly Refusal[] = []',
    why: 'Equivalent: the constructor sets it before anybody reads it.',
  },
  {
    file: 'bulkhead/bulkhead.ts',
    line: 'new WaitingRoom(settings.priority',
    why: 'Equivalent: without priorities everybody has rank 0, and the other queues stay empty.',
  },
  {
    file: 'bulkhead/bulkhead.ts',
    line: 'readBulkheadBounds(bounds',
    why: 'Equivalent: what was not given and has no default is left out, so that spreading it keeps what holds.',
  },
  {
    file: 'bulkhead/bulkhead.ts',
    line: 'if (this.#room.size > 0)',
    why: 'Equivalent: where nobody waits nobody is admitted; the check only saves the look.',
  },
  {
    file: 'bulkhead/waiting-room.ts',
    line: '?.',
    why: 'Equivalent: there is a queue for every rank, and one that is not empty while the size is above 0; the compiler does not know that.',
  },
  {
    file: 'bulkhead/waiting-room.ts',
    line: 'if (left)',
    why: 'Equivalent: nobody removes an entry a second time, since leaving takes both the timer and the listener off.',
  },
  {
    file: 'bulkhead/options.ts',
    line: "typeof value === 'object' &&",
    why: 'Equivalent: what is no object has none of the four as its own properties.',
  },
  {
    file: 'limiter/line.ts',
    line: 'if (!this.#queue.remove(place)) return',
    why: 'Equivalent: who is no longer in the line has been answered, and a promise is settled once.',
  },
  {
    file: 'limiter/line.ts',
    line: 'this.#queue.size === 0',
    why: 'Accepted: without it a remainder of about 1e-16 tokens is carried along, which no bound is told in.',
  },
  {
    file: 'limiter/options.ts',
    line: "if (typeof weight === 'number' && weight > burst)",
    why: 'Equivalent: a function is not greater than any number.',
  },
  {
    file: 'limiter/options.ts',
    line: "milliseconds('zero-allowed')",
    why: 'Equivalent: any word but `above-zero` allows 0.',
  },
  {
    file: 'limiter/rate-limiter.ts',
    line: "algorithm === 'gcra'",
    why: 'Equivalent: both meters decide alike, which is a property test of theirs.',
  },
  {
    file: 'limiter/rate-limiter.ts',
    line: 'this.#epoch++',
    why: 'Equivalent: an epoch is only ever compared with itself.',
  },
  {
    file: 'limiter/rate-limiter.ts',
    line: 'if (left <= 0) return',
    why: 'Equivalent: giving back nothing changes nothing.',
  },
  {
    file: 'limiter/rate-limiter.ts',
    line: 'waiter.place === undefined',
    why: 'Equivalent: the place is set before anything can call; and who has left has been answered, once.',
  },
  {
    file: 'limiter/rate-limiter.ts',
    line: 'if (this.#line.size > 0)',
    why: 'Equivalent: where nobody waits there is nothing to move; the check only saves the look.',
  },
  {
    file: 'limiter/rate-limiter.ts',
    line: "milliseconds('zero-allowed')",
    why: 'Equivalent: any word but `above-zero` allows 0.',
  },
  {
    file: 'limiter/reservation.ts',
    line: "if (this.#state === 'waiting') this.#desk.look()",
    why: 'Equivalent: to look once more changes nothing that the next look would not.',
  },
  {
    file: 'limiter/reservation.ts',
    line: "if (was === 'waiting'",
    why: 'Equivalent: a place that is no longer in the line is not found there; and it is set before the reservation is handed out.',
  },
  {
    file: 'retry/retry.ts',
    line: 'above?.leaveWell',
    from: 'above?.leaveWell',
    why: 'Equivalent: there is something to leave only where there are gates to leave; the compiler does not know that.',
  },
  {
    file: 'retry/retry.ts',
    line: 'above?.leave',
    from: 'above?.leave',
    why: 'Equivalent: there is something to leave only where there are gates to leave; the compiler does not know that.',
  },
  {
    file: 'retry/retry.ts',
    line: 'beneath?.leave',
    from: 'beneath?.leave',
    why: 'Equivalent: there is something to leave only where there are gates to leave; the compiler does not know that.',
  },
  {
    file: 'retry/retry.ts',
    line: 'beneath?.leaveWell',
    from: 'beneath?.leaveWell',
    why: 'Equivalent: there is something to leave only where there are gates to leave; the compiler does not know that.',
  },
  {
    file: 'retry/retry.ts',
    line: 'place !== undefined',
    from: 'place !== undefined',
    to: 'true',
    why: 'Equivalent: without gates there is nobody to call, which the question mark behind it sees to.',
  },
  {
    file: 'retry/retry.ts',
    line: 'pass !== undefined',
    from: 'pass !== undefined',
    to: 'true',
    why: 'Equivalent: without gates there is nobody to call, which the question mark behind it sees to.',
  },
  {
    file: 'retry/retry.ts',
    line: 'this.#takesAnyValue =',
    to: 'false',
    why: 'Equivalent: the loop comes to the same answer; the way around it is for speed.',
  },
  {
    file: 'retry/retry.ts',
    line: 'if (this.#takesAnyValue && !watched)',
    why: 'Equivalent: the loop comes to the same answer; the way around it is for speed.',
  },
  {
    file: 'retry/retry.ts',
    line: 'maxElapsedMs === undefined',
    why: 'Equivalent: without it the sum is NaN, and no time is past NaN.',
  },
  {
    file: 'retry/backoff.ts',
    line: 'wish > 0',
    why: 'Equivalent: a wish of 0 is 0 either way.',
  },
  {
    file: 'retry/backoff.ts',
    line: '} catch {',
    why: 'Equivalent: what was not answered is no number, for which the same longest wait is taken below.',
  },
  {
    file: 'retry/backoff.ts',
    line: 'drawn <= 1',
    why: 'Equivalent: 1 is taken for 1 either way.',
  },
  {
    file: 'retry/options.ts',
    line: "milliseconds('zero-allowed')",
    why: 'Equivalent: any word but `above-zero` allows 0.',
  },
  {
    file: 'retry/retry-budget.ts',
    line: 'this.#refill(now);',
    why: 'Equivalent: bringing up to date before one is added, or with the next look, comes to the same, since both are cut at the brim.',
  },
  {
    file: 'retry/retry-budget.ts',
    line: 'this.#minPerSecond === 0',
    why: 'Equivalent: without an allowance nothing is ever paid from it, so nothing is given back to it.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: "let sent: Sent = 'never'",
    why: 'Equivalent: a word that is no doubt gives way to any other.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: "verdict.retry === 'never' || call.cancelled",
    why: 'Equivalent: a value that is not to be repeated is returned further down as well; the check only saves the way.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: 'if (retryWhen === undefined',
    from: 'retryWhen === undefined',
    to: 'false',
    why: 'Equivalent: calling undefined throws, and a rule that throws leaves it to the verdict.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: '} catch {',
    why: 'Equivalent: what was not said is neither true nor false, for which the verdict is returned below.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: 'if (asked === false)',
    why: 'Equivalent: it makes an equal verdict anew; the check only saves the copy.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: 'if (onRetry === undefined)',
    why: 'Equivalent: calling undefined throws, and a hook that throws changes nothing.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: 'deadline === Number.POSITIVE_INFINITY',
    why: 'Equivalent: infinity less the time is infinity; the check only saves reading the clock.',
  },
  {
    file: 'retry/retry-loop.ts',
    line: 'time !== Number.POSITIVE_INFINITY',
    why: 'Equivalent: no clock reaches infinity; the check only saves reading it.',
  },
  {
    file: 'throttle/acceptance-window.ts',
    line: 'if (newest <= this.#newest)',
    from: 'newest <= this.#newest',
    to: 'newest < this.#newest',
    why: 'Equivalent: with no bucket passed, nothing leaves.',
  },
  {
    file: 'timeout/inherited-deadline.ts',
    line: 'return surroundings === undefined',
    why: 'Accepted: a test kills it that must have a process to itself, as it has in `npm test`: the first deadline ever entered sets this up, and here others have entered one before.',
  },
  {
    file: 'timeout/inherited-deadline.ts',
    line: 'function beginInheriting',
    why: 'Accepted: a test kills it that must have a process to itself, as it has in `npm test`: the first deadline ever entered sets this up, and here others have entered one before.',
  },
  {
    file: 'timeout/inherited-deadline.ts',
    line: '() => storage.getStore()?.deadline',
    why: 'Accepted: a test kills it that must have a process to itself, as it has in `npm test`: the first deadline ever entered sets this up, and here others have entered one before.',
  },
  {
    file: 'timeout/inherited-deadline.ts',
    line: '(run) => storage.run(undefined, run)',
    why: 'Accepted: a test kills it that must have a process to itself, as it has in `npm test`: the first deadline ever entered sets this up, and here others have entered one before.',
  },
  {
    file: 'adaptive/adaptive-limiter.ts',
    line: 'this.#window.began(this.#active)',
    why: 'Equivalent: the first sample begins the window anew, with the calls that are under way then.',
  },
  {
    file: 'adaptive/adaptive-limiter.ts',
    line: 'if (outcome.ok) return false',
    from: 'outcome.ok',
    to: 'false',
    why: 'Equivalent: a value has no error, and undefined is none that tells of time.',
  },
  {
    file: 'adaptive/adaptive-limiter.ts',
    line: "this.#end('throttled')",
    why: 'Equivalent: whatever is neither of the other three kinds counts as dropped.',
  },
  {
    file: 'adaptive/aimd.ts',
    line: 'latencyMs !== undefined',
    why: 'Equivalent: undefined is not above any number.',
  },
  {
    file: 'adaptive/correlation.ts',
    line: 'recentMs / 1_000',
    why: 'Equivalent: neither a correlation nor a share of the mean changes with the unit.',
  },
  {
    file: 'adaptive/correlation.ts',
    line: 'this.#latency.correlation > 0.5',
    why: 'Accepted: the bounds are compared with correlations, which are of fifteen digits and never just the bound; the source gives none to the one side or the other. That the bound below 0.3 stands there at all is seen by the property only in some of its 10,000 runs.',
  },
  {
    file: 'adaptive/correlation.ts',
    line: 'if (to <= highest) return to',
    why: 'Equivalent: at the highest, what is returned below is the same number, or the same step down.',
  },
  {
    file: 'adaptive/explain.ts',
    line: 'ms >= 10',
    why: 'Equivalent: ten is ten in either form.',
  },
  {
    file: 'adaptive/sample-window.ts',
    line: 'settings.quantile === undefined',
    why: 'Equivalent: where no quantile is wanted the histogram is not read.',
  },
  {
    file: 'adaptive/sample-window.ts',
    line: 'if (inFlight > this.#inFlight)',
    why: 'Equivalent: it is set to what it is.',
  },
  {
    file: 'adaptive/sample-window.ts',
    line: 'if (latencyMs < this.#fastestMs)',
    why: 'Equivalent: it is set to what it is.',
  },
  {
    file: 'adaptive/sample-window.ts',
    line: 'this.#latencies?.quantile',
    why: 'Equivalent: there is a histogram where a quantile is wanted; the compiler does not know that.',
  },
  {
    file: 'adaptive/vegas.ts',
    line: 'this.#fastestMs !== undefined',
    why: 'Equivalent: no latency is at least undefined.',
  },
  {
    file: 'breaker/circuit.ts',
    line: '#admitsAll = false',
    why: 'Equivalent: the constructor sets it before anybody reads it.',
  },
  {
    file: 'breaker/circuit.ts',
    line: 'this.#settled();',
    why: 'Equivalent: the long way comes to the same; this is the short one for the hot path.',
  },
  {
    file: 'breaker/circuit.ts',
    line: 'if (this.#admitsAll)',
    why: 'Equivalent: the long way comes to the same; this is the short one for the hot path.',
  },
  {
    file: 'breaker/circuit.ts',
    line: "verdict === 'success' && state.inFlight === undefined",
    why: 'Equivalent: the long way comes to the same; this is the short one for the hot path.',
  },
  {
    file: 'breaker/circuit.ts',
    line: "} else if (state.kind === 'half-open'",
    why: 'Equivalent: permits are given in these two states alone, and each state has epochs of its own.',
  },
  {
    file: 'breaker/circuit.ts',
    line: "beneath: beneath.kind === 'open'",
    why: 'Equivalent: no time is at least undefined, which is the end of what is not open.',
  },
  {
    file: 'breaker/circuit.ts',
    line: "if (state.kind !== 'isolated' ||",
    why: 'Equivalent: a handle tells each circuit that it holds, and each once.',
  },
  {
    file: 'breaker/circuit.ts',
    line: 'admittedShare < 1',
    why: 'Equivalent: a ramp that begins as long ago as it lasts is over at once.',
  },
  {
    file: 'breaker/circuit.ts',
    line: 'return rampMs === 0',
    why: 'Equivalent: a ramp of no time is over at once.',
  },
  {
    file: 'breaker/circuit.ts',
    line: '#settled(): void',
    why: 'Equivalent: the long way comes to the same; this is the short one for the hot path.',
  },
  {
    file: 'breaker/circuit.ts',
    line: "state.kind === 'closed' &&",
    why: 'Equivalent: the long way comes to the same; this is the short one for the hot path.',
  },
  {
    file: 'breaker/circuit.ts',
    line: 'this.#untold.length === 0',
    why: 'Equivalent: with nothing to tell, nothing is told.',
  },
  {
    file: 'breaker/closed.ts',
    line: 'countsSlow: slowMs !== undefined',
    why: 'Equivalent: room for slow calls that stays empty, since nobody watches for them.',
  },
  {
    file: 'breaker/closed.ts',
    line: 'permit.countedIn !== undefined',
    why: 'Accepted: it differs only for a call that was slow, is under way while `slowMs` is raised above how long it takes in the end, and while the window is changed as well.',
  },
  {
    file: 'breaker/closed.ts',
    line: 'rules.slowMs === undefined',
    why: 'Equivalent: where nobody watches for slow calls, what is told leaves them out.',
  },
  {
    file: 'breaker/half-open.ts',
    line: 'halfOpenMs !== undefined',
    why: 'Equivalent: with either undefined the difference is NaN, or compared with undefined, and that is never so.',
  },
  {
    file: 'breaker/half-open.ts',
    line: 'slowMs !== undefined',
    why: 'Equivalent: no time is above undefined.',
  },
  {
    file: 'breaker/options.ts',
    line: "readOptions('breaker', { ...before",
    why: 'Equivalent: what could be wrong has been found by the reading before, under the right path.',
  },
  {
    file: 'breaker/options.ts',
    line: "typeof read.openMs === 'number'",
    why: 'Equivalent: no number is below a function.',
  },
  {
    file: 'breaker/options.ts',
    line: "milliseconds('zero-allowed')",
    why: 'Equivalent: any word but `above-zero` allows 0.',
  },
  {
    file: 'breaker/permit.ts',
    line: "this.#end('throttled'",
    why: 'Equivalent: a breaker counts successes and failures, and everything else as nothing.',
  },
  {
    file: 'breaker/permit.ts',
    line: "this.#end('ignored'",
    why: 'Equivalent: a breaker counts successes and failures, and everything else as nothing.',
  },
  {
    file: 'breaker/trip.ts',
    line: 'rules.badRatio !== undefined',
    why: 'Equivalent: no share is at least undefined.',
  },
  {
    file: 'cache/cache.ts',
    line: "else if (found !== 'nothing')",
    why: 'Equivalent: what is good for nothing is not found in the first place; the type does not know that.',
  },
  {
    file: 'cache/cache.ts',
    line: 'if (load === undefined || leads)',
    why: 'Equivalent: without a load this call leads; the compiler does not know that.',
  },
  {
    file: 'cache/cache.ts',
    line: 'load.waiting--',
    why: 'Equivalent: a load that has ended is not asked how many wait.',
  },
  {
    file: 'cache/cache.ts',
    line: 'ended.kept === undefined',
    why: 'Equivalent: taking from nothing throws, which counts as gone as well.',
  },
  {
    file: 'cache/cache.ts',
    line: 'if (kept === undefined || bytes === undefined)',
    why: 'Equivalent: what cannot be kept has no size.',
  },
  {
    file: 'cache/cache.ts',
    line: 'if (negativeMs === 0) return',
    why: 'Equivalent: an error that is kept for no time is past use as it comes, and what was there is forgotten, as it is for a proper answer; for another error there is no rule without a time.',
  },
  {
    file: 'cache/cache.ts',
    line: 'else this.#forget(key)',
    why: 'Accepted: what it forgets is past use as well, since it would have answered otherwise; a store of the caller’s may keep it for longer.',
  },
  {
    file: 'cache/cache.ts',
    line: 'if (entry !== undefined) this.#settleStore',
    why: 'Equivalent: undefined is no promise.',
  },
  {
    file: 'cache/cache.ts',
    line: '(shape as unknown) === bare',
    why: 'Equivalent: the bare shape of a value is the value, a turn later.',
  },
  {
    file: 'cache/isolation.ts',
    line: '} catch {',
    why: 'Equivalent: a function that ends without a return answers undefined, which is what is said here.',
  },
  {
    file: 'cache/isolation.ts',
    line: "let kind: Kind = 'plain'",
    why: 'Equivalent: it is only asked whether it is one of the other two.',
  },
  {
    file: 'cache/isolation.ts',
    line: 'if (types.isTypedArray(value)) continue',
    why: 'Equivalent: bytes are numbers, which say nothing; the check saves the look at each.',
  },
  {
    file: 'cache/isolation.ts',
    line: "line === 2 ? 'plain'",
    from: "'plain'",
    why: 'Equivalent: it is only asked whether it is one of the other two.',
  },
  {
    file: 'cache/isolation.ts',
    line: "line <= 1 ? 'plain'",
    from: "'plain'",
    why: 'Equivalent: it is only asked whether it is one of the other two.',
  },
  {
    file: 'cache/isolation.ts',
    line: 'line < 5',
    why: 'Equivalent: a line of five or more is of no kind however long it is; the bound is there for hostile ones.',
  },
  {
    file: 'cache/options.ts',
    line: "milliseconds('zero-allowed')",
    why: 'Equivalent: any word but `above-zero` allows 0.',
  },
  {
    file: 'cache/ttl.ts',
    line: 'drawn > 0',
    from: 'drawn > 0',
    why: 'Equivalent: shortened by nothing.',
  },
  {
    file: 'contract/call.ts',
    line: 'export function outsideDeadlines',
    why: 'Accepted: a test kills it that must have a process to itself, as it has in `npm test`: the first deadline ever entered sets this up, and here others have entered one before.',
  },
  {
    file: 'contract/call.ts',
    line: 'return leaveSurrounding === undefined',
    why: 'Accepted: a test kills it that must have a process to itself, as it has in `npm test`: the first deadline ever entered sets this up, and here others have entered one before.',
  },
  {
    file: 'contract/call.ts',
    line: 'export function inheritDeadlines',
    why: 'Accepted: a test kills it that must have a process to itself, as it has in `npm test`: the first deadline ever entered sets this up, and here others have entered one before.',
  },
  {
    file: 'contract/call.ts',
    line: 'this.parent?.',
    why: 'Equivalent: only a root has no parent, and that answers by itself.',
  },
  {
    file: 'contract/call.ts',
    line: "sentBefore: Sent = 'never'",
    why: 'Equivalent: a word that is no doubt gives way to any other.',
  },
  {
    file: 'contract/call.ts',
    line: 'this.#orphans?.whenNone',
    why: 'Equivalent: there are orphans where it has some; the compiler does not know that.',
  },
  {
    file: 'contract/call.ts',
    line: 'this.#listeners?.indexOf(run) ?? -1',
    from: '-1',
    why: 'Equivalent: without listeners there is nothing to take one out of.',
  },
  {
    file: 'contract/call.ts',
    line: 'if (at >= 0) this.#listeners?.splice',
    from: 'this.#listeners?.splice',
    why: 'Equivalent: where one was found there are some; the compiler does not know that.',
  },
  {
    file: 'contract/budget.ts',
    line: '?.(',
    why: 'Equivalent: calling what is not there throws, and what a budget throws is passed over.',
  },
  {
    file: 'contract/errors.ts',
    line: 'facts.retryAfterMs !== undefined',
    why: 'Equivalent: the field is there and undefined either way.',
  },
  {
    file: 'contract/events.ts',
    line: 'if (found === undefined)',
    from: 'found === undefined',
    to: 'true',
    why: 'Equivalent: a channel that is asked for by its name is the same one each time; the map saves the asking.',
  },
  {
    file: 'contract/events.ts',
    line: 'this.#channels.set(type, found)',
    why: 'Equivalent: a channel that is asked for by its name is the same one each time; the map saves the asking.',
  },
  {
    file: 'contract/events.ts',
    line: 'if (this.#diagnostics.wants(event.type))',
    from: 'this.#diagnostics.wants(event.type)',
    to: 'true',
    why: 'Equivalent: a channel without subscribers takes what is published to nobody.',
  },
  {
    file: 'contract/gate.ts',
    line: 'classify === undefined',
    why: 'Equivalent: calling undefined throws, and a classifier that throws is passed over.',
  },
  {
    file: 'contract/gate.ts',
    line: "typeof value !== 'object' || value === null",
    why: 'Equivalent: asking what is no object for a property throws, and a classifier that throws is passed over.',
  },
  {
    file: 'contract/hush.ts',
    line: "typeof answer !== 'object' || answer === null",
    why: 'Equivalent: a promise of what is no promise comes true; the check only saves making it.',
  },
  {
    file: 'contract/passage.ts',
    line: 'return gates.length === 1',
    why: 'Equivalent: one gate is several; the short way is for speed.',
  },
  {
    file: 'contract/passage.ts',
    line: 'if (this.#gate.acquire === undefined)',
    why: 'Equivalent: the long way comes to the same refusal.',
  },
  {
    file: 'contract/passage.ts',
    line: 'permits.push(await waited(at, refusal, call))',
    why: 'Equivalent: the loop below then asks that gate itself, and waits there.',
  },
  {
    file: 'contract/passage.ts',
    line: 'gate.classify !== undefined || call.hasOrphans',
    from: 'gate.classify !== undefined || call.hasOrphans',
    why: 'Equivalent: without either, a value is judged a success; the check only saves the verdict.',
  },
  {
    file: 'contract/progress.ts',
    line: 'doubt[a] >= doubt[b]',
    why: 'Equivalent: two that are equally doubtful are the same.',
  },
  {
    file: 'hedge/copy.ts',
    line: 'this.#orphanEnded?.()',
    why: 'Equivalent: only a copy that was given up ends late, and that has set it.',
  },
  {
    file: 'hedge/failures.ts',
    line: 'a.copy < b.copy',
    why: 'Equivalent: no two failures are of one copy, and wishes that are compared differ.',
  },
  {
    file: 'hedge/failures.ts',
    line: 'retryAfterMs !== undefined && retryAfterMs > 0',
    why: 'Equivalent: undefined is not above 0, and 0 is 0 either way.',
  },
  {
    file: 'hedge/hedge.ts',
    line: 'settings.maxHedges > 0',
    why: 'Equivalent: a race of one copy ends as the copy does.',
  },
  {
    file: 'hedge/options.ts',
    line: "milliseconds('zero-allowed')",
    why: 'Equivalent: any word but `above-zero` allows 0.',
  },
  {
    file: 'hedge/pace.ts',
    line: 'learns = false',
    why: 'Equivalent: a fixed pace takes what it is told to nobody.',
  },
  {
    file: 'hedge/race.ts',
    line: "#sent: Sent = 'never'",
    why: 'Equivalent: a word that is no doubt gives way to any other.',
  },
  {
    file: 'hedge/race.ts',
    line: 'if (this.#call.cancellable)',
    why: 'Equivalent: what cannot be cancelled never calls; the check only saves the subscription.',
  },
  {
    file: 'hedge/race.ts',
    line: 'this.#wake?.()',
    why: 'Equivalent: it is in the wheel only while there is one to wake; the compiler does not know that.',
  },
  {
    file: 'hedge/race.ts',
    line: 'if (now >= call.deadline) return false',
    why: 'Equivalent: whoever asks has asked that before, or is armed for a moment before the deadline.',
  },
  {
    file: 'hedge/race.ts',
    line: "call.progress('wait', 'maybe')",
    from: "'wait'",
    why: 'Equivalent: the copy that begins next says the same phase.',
  },
  {
    file: 'hedge/race.ts',
    line: "call.progress('call', this.#sent)",
    from: "'call'",
    why: 'Equivalent: the copy that begins next says its own phase.',
  },
  {
    file: 'hedge/race.ts',
    line: 'this.#delayMs === undefined ||',
    why: 'Equivalent: without a delay no further copy may be started, which the line above says.',
  },
  {
    file: 'hedge/race.ts',
    line: 'this.#delayMs === 0',
    why: 'Equivalent: all copies have begun at once by then, which the line above says.',
  },
  {
    file: 'hedge/race.ts',
    line: 'this.dueAt === Number.POSITIVE_INFINITY',
    why: 'Equivalent: the wheel leaves an infinite entry alone, and no deadline is beyond infinity.',
  },
  {
    file: 'hedge/race.ts',
    line: 'this.#settled || this.#rules.settings.classify !== undefined',
    why: 'Equivalent: the long way judges a value a success; this is the short one.',
  },
  {
    file: 'hedge/race.ts',
    line: 'budget?.succeeded',
    why: 'Equivalent: only what has a budget deposits; the compiler does not know that.',
  },
  {
    file: 'hedge/race.ts',
    line: 'if (pace.learns || this.#started > 1)',
    why: 'Equivalent: a fixed pace does not listen, and a race of one copy has nobody to give up and nothing to tell.',
  },
  {
    file: 'hedge/race.ts',
    line: 'lasted >= this.#delayMs',
    why: 'Accepted: it differs by one latency in the moment at which a copy is due, among thousands that a quantile is taken of.',
  },
  {
    file: 'hedge/race.ts',
    line: 'dispose === undefined',
    why: 'Equivalent: calling undefined throws, and what throws there is passed over.',
  },
  {
    file: 'store/circuits.ts',
    line: 'clear(): void',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/circuits.ts',
    line: '.clear();',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/hints.ts',
    line: 'clear(): void',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/hints.ts',
    line: '.clear();',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/hints.ts',
    line: 'this.#watchers.delete(key)',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/leases.ts',
    line: 'clear(): void',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/leases.ts',
    line: '.clear();',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/memory-state-store.ts',
    line: 'this.#hints.clear()',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/ops.ts',
    line: 'clear(): void',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/ops.ts',
    line: '.clear();',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/outcomes.ts',
    line: 'clear(): void',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/outcomes.ts',
    line: '.clear();',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/retries.ts',
    line: 'clear(): void',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/retries.ts',
    line: '.clear();',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/retries.ts',
    line: 'capacity(budget) - floor.tokens(now)',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/retries.ts',
    line: 'calls + granted + unused > 0',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/tokens.ts',
    line: '.clear();',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/tokens.ts',
    line: 'if (granted > 0)',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/tokens.ts',
    line: 'this.#buckets.put(key, bucket, fullAt',
    why: 'Accepted: it frees what nobody can reach any more, or keeps it for longer; what the store answers does not change.',
  },
  {
    file: 'store/paid-window.ts',
    line: 'if (newest <= this.#newest)',
    why: 'Equivalent: with no bucket passed, nothing leaves.',
  },
  {
    file: 'store/paid-window.ts',
    line: 'i < passed',
    why: 'Equivalent: a bucket too many at the end is one that is never reached.',
  },
  {
    file: 'store/retries.ts',
    line: 'const nothing = {',
    why: 'Equivalent: of this window only the calls are read.',
  },
  {
    file: 'store/tokens.ts',
    line: 'if (bucket === undefined || left <= 0)',
    why: 'Equivalent: giving back nothing changes nothing; and a bucket is kept for at least as long as what was taken from it is remembered.',
  },
  {
    file: 'contract/errors.ts',
    line: "typeof value === 'object' && value !== null",
    why: 'Equivalent: what is no object throws on being asked, which counts as no; and a function that bears the brand is nobody’s error.',
  },
  {
    file: 'contract/events.ts',
    line: "if (typeof wanted !== 'boolean') hush(wanted)",
    why: 'Equivalent: `hush` takes anything, and does nothing with a flag.',
  },
  {
    file: 'contract/state-store-arguments.ts',
    line: "milliseconds('zero-allowed')",
    why: 'Equivalent: any word but `above-zero` allows 0.',
  },
];
