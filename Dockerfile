# The image of docker-compose.yml's worker; `--target receiver` is that of its receiver. Node's version is that of the tests.
FROM node:20.20.2-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM build AS receiver
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 8080
CMD ["node", "--import=tsx", "docker/receiver.mjs"]

FROM build AS pruned
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:20.20.2-bookworm-slim AS worker
ENV NODE_ENV=production
WORKDIR /app
COPY --from=pruned /app/package.json ./
COPY --from=pruned /app/node_modules ./node_modules
COPY --from=pruned /app/dist ./dist
COPY docker/healthcheck.mjs ./docker/
# Local staging lies beside the configuration, so that a volume can be mounted there.
RUN mkdir -p /config/.sluice && chown node:node /config/.sluice
USER node
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=4 CMD ["node", "docker/healthcheck.mjs"]
# By its first line, which says how Node.js and the allocator are to hold memory.
ENTRYPOINT ["/app/dist/src/cli/main.js"]
CMD ["worker", "-c", "/config/sluice.yaml"]
