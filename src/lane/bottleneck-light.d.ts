/** The build without clustering, and so without any Redis code; the package has types for the whole one only. */
declare module "bottleneck/light.js" {
  export { default } from "bottleneck";
}
