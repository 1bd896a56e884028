/** Lists every test that did not run, with its reason, at the end of a run. */
export default class SkipReporter {
  #skipped = [];

  onTestCaseResult(testCase) {
    const result = testCase.result();
    if (result.state !== 'skipped') return;
    this.#skipped.push(
      `${testCase.module.relativeModuleId}: ${testCase.fullName} [${result.note ?? 'no reason given'}]`,
    );
  }

  onTestRunEnd() {
    process.stdout.write(`\n${this.#skipped.length} skipped\n`);
    for (const line of this.#skipped) process.stdout.write(`  ${line}\n`);
  }
}
