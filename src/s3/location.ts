/** Where objects lie in an S3-compatible store, as the configuration has it after `${ENV}` references were resolved. */
export interface S3Location {
  readonly bucket: string;
  /** A folder within the bucket; empty: all of it. */
  readonly prefix: string;
  /** Null: as AWS's own tools find it (AWS_REGION, the profile). */
  readonly region: string | null;
  /** Null: Amazon's. */
  readonly endpoint: string | null;
  /** The bucket in the path instead of the host name, as most other stores want it. */
  readonly forcePathStyle: boolean;
  /** Null: as AWS's own tools find them (environment, profile, role of the pod or machine). */
  readonly credentials: S3Credentials | null;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
