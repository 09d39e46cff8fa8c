/** Something that is not accepted, with the short reason that the contract gives it. */
export class Refused extends Error {
  /**
   * @param {string} code Short and stable, such as `signature-wrong`.
   * @param {string} message What is wrong, for people.
   */
  constructor(code, message) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}
