package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"
)

// ErrFolder says that the folder of copied blocks can't be read or written.
var ErrFolder = errors.New("the folder of blocks can't be used")

// Ledger is a source of blocks; *client.Client is one.
type Ledger interface {
	Height(ctx context.Context) (uint64, error)
	Blocks(ctx context.Context, start uint64) iter.Seq2[*common.Block, error]
}

// Copy writes every block that a peer holds now into dir, one file a block, and goes on where an earlier copy
// ended.
func Copy(ctx context.Context, l Ledger, dir string) (height uint64, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	height, err = l.Height(ctx)
	if err != nil {
		return 0, fmt.Errorf("copy blocks: %w", err)
	}
	next := uint64(0)
	for next < height && exists(blockFile(dir, next)) {
		next++
	}
	if next == height {
		return height, nil
	}
	for b, err := range l.Blocks(ctx, next) {
		if err != nil {
			return next, fmt.Errorf("copy block %d: %w", next, err)
		}
		raw, err := encode(b)
		if err != nil {
			return next, err
		}
		if err := os.WriteFile(blockFile(dir, next), raw, 0o600); err != nil {
			return next, fmt.Errorf("%w: %w", ErrFolder, err)
		}
		if next++; next == height {
			break
		}
	}
	return height, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func blockFile(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%010d.block", number))
}

// encode writes a block as copies hold it: without the metadata that no orderer signs and nobody can
// recompute from the blocks alone (the peer's commit hash, two obsolete ones), so that every byte of a copy
// is checked by something.
func encode(b *common.Block) ([]byte, error) {
	kept := make([][]byte, common.BlockMetadataIndex_TRANSACTIONS_FILTER+1)
	for _, i := range []common.BlockMetadataIndex{
		common.BlockMetadataIndex_SIGNATURES,
		common.BlockMetadataIndex_TRANSACTIONS_FILTER,
	} {
		if m := b.GetMetadata().GetMetadata(); int(i) < len(m) {
			kept[i] = m[i]
		}
	}
	raw, err := marshal(&common.Block{
		Header: b.GetHeader(), Data: b.GetData(),
		Metadata: &common.BlockMetadata{Metadata: kept},
	})
	if err != nil {
		return nil, fmt.Errorf("encode block %d: %w", b.GetHeader().GetNumber(), err)
	}
	return raw, nil
}

func marshal(m proto.Message) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// strict reads a message that must be exactly what marshal writes.
func strict(raw []byte, m proto.Message) error {
	if err := proto.Unmarshal(raw, m); err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	again, err := marshal(m)
	if err != nil {
		return fmt.Errorf("read message: %w", err)
	}
	if !bytes.Equal(raw, again) {
		return errors.New("the message is not in its canonical form")
	}
	return nil
}

// readBlock reads one copied block; nil at the end of the folder.
func readBlock(dir string, number uint64) (*common.Block, error) {
	raw, err := os.ReadFile(blockFile(dir, number))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	var b common.Block
	if err := strict(raw, &b); err != nil {
		return nil, inBlock(CheckFormat, number, "%v", err)
	}
	meta := b.GetMetadata().GetMetadata()
	if b.GetHeader() == nil || len(meta) != int(common.BlockMetadataIndex_TRANSACTIONS_FILTER)+1 ||
		len(meta[common.BlockMetadataIndex_SIGNATURES+1]) != 0 {
		return nil, inBlock(CheckFormat, number,
			"expected a header, the orderers' signatures and the flags, and no other metadata")
	}
	return &b, nil
}

// count tells how many files of blocks lie in dir, to notice a gap.
func count(dir string) (uint64, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.block"))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if len(names) == 0 {
		return 0, fmt.Errorf("%w: no blocks in %s", ErrFolder, dir)
	}
	return uint64(len(names)), nil
}
