/** What is loaded with the service, in one file: the host captures a plugin's folder file by file at every boot. */
export { Desk } from "../operate/desk.ts";
export { ResumeService } from "./service.ts";
