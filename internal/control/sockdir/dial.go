package sockdir

import (
	"context"
	"net"
	"path/filepath"
)

// Dial connects to the socket at path, however long the path is where the system allows that.
func Dial(ctx context.Context, path string) (*net.UnixConn, error) {
	dir, base := filepath.Split(path)
	short, release, err := bindPath(filepath.Clean(dir), base)
	if err != nil {
		return nil, err
	}
	defer release()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", short)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}
